//! Files of manifests that `config.yaml` names by URL: whoever fetches them puts them where the keeper expects them.

use os_config::Manifest;

/// Files with this prefix come from the configuration and go with it; others are the user's own.
pub const FETCHED_PREFIX: &str = "config-";

/// The file in the manifests folder that a manifest is fetched into; nothing for one that is not fetched.
pub fn fetched_file(manifest: &Manifest) -> Option<String> {
    let Manifest::Url { name, .. } = manifest else {
        return None;
    };
    let name = name.as_str();
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
        .unwrap_or(name);
    Some(format!("{FETCHED_PREFIX}{stem}.yaml"))
}

#[cfg(test)]
mod tests {
    use crate::Settings;

    #[test]
    fn the_keeper_knows_what_is_to_be_fetched() {
        let text = "\
version: 1
manifests:
  - url: https://a.example/v2/app.yaml
  - {name: db.yml, url: https://a.example/x}
  - {name: web.yaml, content: \"apiVersion: v1\\nkind: Namespace\\nmetadata: {name: web}\\n\"}
";
        let config = os_config::parse_config("config.yaml", text.as_bytes()).expect("valid");
        let settings = Settings::of(&config, "edge", "0.1.0", None);
        let names: Vec<_> = settings.fetched_manifests().into_iter().collect();
        assert_eq!(names, ["config-app.yaml", "config-db.yaml"]);
    }
}
