//! Whether the keeper knows all of the configuration, for good: a part of it may be missing, and the whole may go back by
//! itself. What manifests outside of it say is wanted all the same.

use super::document::ManifestProblem;
use crate::{Paths, Settings, load_settings};
use init_api::Configured;
use init_api::paths::CONFIGURED;

const CONFIG: &str = "config.yaml";
const CONFIG_URL: &str = "config_url";

/// Why nothing may be removed; nothing if `settings` come from a whole configuration that stays.
pub(super) fn missing_part(settings: &Settings, paths: &Paths) -> Option<ManifestProblem> {
    // Read before the settings: `node-setup` writes it after the configuration itself, so who reads here that a trial is
    // over compares with what came after the trial.
    let configured = init_api::load_if_present::<Configured>(paths.at(CONFIGURED));
    // After another `holdfast node configure` it is a new keeper that knows.
    let current = load_settings(paths).is_ok_and(|in_force| in_force == *settings);
    let doubt = match configured {
        Ok(configured) => {
            why_incomplete(configured.as_ref(), settings.config_url.is_some(), current)
        }
        Err(error) => Some((CONFIG, error.to_string(), "it can be read")),
    };
    doubt.map(|(file, why, until)| ManifestProblem {
        file: file.into(),
        index: 0,
        reason: format!("{why}; until {until}, nothing is removed from the cluster"),
    })
}

/// What is in doubt, why, and until when. Without `configured` nothing was configured yet: nothing is on trial, nothing was
/// left out, and nothing is fetched.
fn why_incomplete(
    configured: Option<&Configured>,
    has_url: bool,
    current: bool,
) -> Option<(&'static str, String, &'static str)> {
    let not_fetched = (
        CONFIG_URL,
        "what it names is not fetched yet".into(),
        "it is",
    );
    let Some(configured) = configured else {
        return has_url.then_some(not_fetched);
    };
    match &configured.incomplete {
        _ if configured.on_trial => Some((
            CONFIG,
            "a configuration is on trial".into(),
            "it is confirmed or over",
        )),
        Some(reason) => Some((CONFIG, reason.clone(), "that part is there again")),
        None if has_url && !(configured.url_in_force && current) => Some(not_fetched),
        None if !current => Some((
            CONFIG,
            "a new configuration is being applied".into(),
            "that is done",
        )),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::missing_part;
    use crate::{Paths, Settings, load_settings};
    use init_api::Configured;
    use init_api::paths::{CONFIGURED, SETTINGS};
    use std::fs;

    const URL: &str = "version: 1\nconfig_url: https://a.example/node.yaml\n";
    const ALONE: &str = "version: 1\n";

    /// What is said of a configuration that a keeper started with, and of the one in force.
    fn said(started_with: &str, in_force: &str, configured: Option<&str>) -> Option<String> {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let at = |path: &str, text: &str| {
            let path = paths.at(path);
            fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            fs::write(path, text).expect("write");
        };
        let config = |text: &str| {
            let config = os_config::parse_config("config.yaml", text.as_bytes()).expect("valid");
            let settings = Settings::of(&config, "edge", "0.1.0", None);
            at(SETTINGS, &serde_json::to_string(&settings).expect("JSON"));
        };
        config(started_with);
        let settings: Settings = load_settings(&paths).expect("settings");
        config(in_force);
        if let Some(text) = configured {
            at(CONFIGURED, text);
        }
        missing_part(&settings, &paths).map(|problem| problem.to_string())
    }

    #[test]
    fn a_part_that_may_come_or_come_back_is_missed() {
        let record = |change: fn(&mut Configured)| {
            let mut configured = Configured::default();
            change(&mut configured);
            serde_json::to_string(&configured).expect("JSON")
        };
        let plain = record(|_| {});
        let fetched = record(|it| it.url_in_force = true);
        let on_trial = record(|it| (it.on_trial, it.url_in_force) = (true, true));
        let no_stick = record(|it| it.incomplete = Some("the stick is not plugged in".into()));
        let both = record(|it| (it.on_trial, it.incomplete) = (true, Some("x".into())));
        let (url_later, later) = (
            format!("{URL}labels: {{a: b}}\n"),
            format!("{ALONE}labels: {{a: b}}\n"),
        );
        for (case, started_with, in_force, configured, words) in [
            ("not configured", ALONE, ALONE, None, ""),
            ("no address", ALONE, ALONE, Some(&plain), ""),
            ("nothing known", URL, URL, None, "is not fetched"),
            ("not fetched", URL, URL, Some(&plain), "is not fetched yet"),
            ("in force", URL, URL, Some(&fetched), ""),
            (
                "about to be started anew",
                URL,
                &url_later,
                Some(&fetched),
                "config_url: what it names is not fetched yet; until it is, nothing is removed",
            ),
            (
                "on trial",
                ALONE,
                ALONE,
                Some(&on_trial),
                "a configuration is on trial; until it is confirmed or over, nothing is removed",
            ),
            ("all there, on trial", URL, URL, Some(&on_trial), "on trial"),
            (
                "a trial that just went back",
                &later,
                ALONE,
                Some(&plain),
                "a new configuration is being applied; until that is done, nothing is removed",
            ),
            (
                "a stick less",
                ALONE,
                ALONE,
                Some(&no_stick),
                "the stick is not plugged in; until that part is there again, nothing is removed",
            ),
            (
                "on trial and a stick less",
                ALONE,
                ALONE,
                Some(&both),
                "on trial",
            ),
            (
                "a record of nobody knows what",
                ALONE,
                ALONE,
                Some(&"{".to_owned()),
                "configured.json is not what it should be; until it can be read",
            ),
        ] {
            let said = said(started_with, in_force, configured.map(String::as_str));
            let right = match &said {
                Some(said) => !words.is_empty() && said.contains(words),
                None => words.is_empty(),
            };
            assert!(right, "{case}: {said:?}");
        }
    }
}
