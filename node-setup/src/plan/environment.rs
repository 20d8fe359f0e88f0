//! Environment variables of services and logins.

use crate::facts::Facts;
use crate::step::Step;
use os_config::Config;
use std::collections::BTreeMap;

/// The variables of every service: the configured ones and the proxy's, which programs look for in both spellings.
pub(crate) fn variables(config: &Config, facts: &Facts) -> BTreeMap<String, String> {
    // The cluster's services and everything else see the same.
    let mut all = runtime::environment(config, facts.founded.as_ref());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
        if let Some(value) = all.get(name).cloned() {
            all.entry(name.to_ascii_lowercase()).or_insert(value);
        }
    }
    all
}

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let text: String = variables(config, facts)
        .iter()
        .map(|(name, value)| format!("{name}={}\n", quoted(value)))
        .collect();
    // A proxy's address may hold a password.
    vec![Step::file("/etc/environment", 0o600, text)]
}

/// pam_env and shells both take double quotes; they agree on escapes for these two characters only.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
