//! Whether the keeper knows all of the configuration: a part of it may still have to be fetched from `config_url`, and
//! manifests that are in that part are wanted all the same.

use super::document::ManifestProblem;
use crate::{ClusterSettings, Paths, from_url, load_settings};

/// What is missing; nothing if `settings` come from a whole configuration.
pub(super) fn missing_part(settings: &ClusterSettings, paths: &Paths) -> Option<ManifestProblem> {
    settings.config_url.as_ref()?;
    let fetched = from_url::is_in_force(paths);
    // After another `holdfast node configure` it is a new keeper that knows.
    let current = load_settings(paths).is_ok_and(|in_force| in_force == *settings);
    if current && fetched {
        return None;
    }
    Some(ManifestProblem {
        file: "config_url".into(),
        index: 0,
        reason:
            "what it names is not fetched yet; until it is, nothing is removed from the cluster"
                .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::missing_part;
    use crate::{ClusterSettings, Paths, load_settings};
    use init_api::Configured;
    use init_api::paths::CONFIGURED;
    use std::fs;

    #[test]
    fn a_part_that_is_not_fetched_yet_is_missed() {
        const URL: &str = "https://a.example/node.yaml";
        let config = |text: &str| {
            let config = os_config::parse_config("config.yaml", text.as_bytes()).expect("valid");
            serde_json::to_string(&config).expect("JSON")
        };
        let own = format!("version: 1\nconfig_url: {URL}\n");
        let later = format!("{own}labels: {{a: b}}\n");
        for (case, started_with, in_force, url_in_force, whole) in [
            ("no address", "version: 1\n", "version: 1\n", false, true),
            ("not fetched", &own, &own, false, false),
            ("in force", &own, &own, true, true),
            ("about to be started anew", &own, &later, true, false),
        ] {
            let root = tempfile::tempdir().expect("temp folder");
            let paths = Paths::below(root.path());
            let at = |path: &str, text: &str| {
                let path = paths.at(path);
                fs::create_dir_all(path.parent().expect("folder")).expect("folder");
                fs::write(path, text).expect("write");
            };
            at("/proc/sys/kernel/hostname", "edge\n");
            let release = init_api::Release {
                version: "0.1.0".into(),
                build_time: 0,
            };
            let release = serde_json::to_string(&release).expect("JSON");
            at(init_api::paths::RELEASE, &release);
            at("/run/holdfast/config.json", &config(started_with));
            let settings: ClusterSettings = load_settings(&paths).expect("settings");
            at("/run/holdfast/config.json", &config(in_force));
            let configured = Configured {
                url_in_force,
                ..Configured::default()
            };
            at(
                CONFIGURED,
                &serde_json::to_string(&configured).expect("JSON"),
            );
            assert_eq!(missing_part(&settings, &paths).is_none(), whole, "{case}");
        }
    }
}
