//! What running services must be told, once the node is up and its configuration changes.

use super::network::wanted;
use super::{ssh, time};
use crate::facts::Facts;
use crate::network_manager::Change;
use crate::reload::Reload;
use crate::step::{OnFailure, Step};
use os_config::Config;
use std::path::Path;

/// What services read when they start, and which have to be told of a change. A file that is taken away is named in another, which
/// changes then.
const READ_AT_START: [(&[&str], Reload); 2] = [
    (&[ssh::SETTINGS], Reload::Ssh),
    (&[time::SETTINGS, time::AUTHORITIES], Reload::Time),
];

const PROFILES: &str = "/run/NetworkManager/system-connections";

/// All of these files.
pub(crate) fn read_at_start() -> impl Iterator<Item = &'static str> {
    READ_AT_START
        .into_iter()
        .flat_map(|(paths, _)| paths)
        .copied()
}

/// Looks at the planned files: nothing is reloaded that does not change.
pub(super) fn steps(planned: &[Step], config: &Config, facts: &Facts) -> Vec<Step> {
    // Before that no service has read its files.
    if !facts.ran_before {
        return Vec::new();
    }
    let mut reloads = Vec::new();
    for (paths, reload) in READ_AT_START {
        let changed = |path: &&str| {
            let path = Path::new(path);
            let old = facts.files.get(path);
            planned.iter().any(|step| changes(step, path, old))
        };
        if paths.iter().any(changed) {
            reloads.push(reload);
        }
    }
    let profiles: Vec<String> = planned
        .iter()
        .filter_map(|step| changed_profile(step, facts))
        .collect();
    if !profiles.is_empty() {
        reloads.push(Reload::Network(Change {
            changed: profiles,
            profiles: wanted(&config.network),
        }));
    }
    let step = |what: Reload| {
        // A network that is on trial and does not come into force has failed its trial.
        let on_failure = match what {
            Reload::Network(_) if facts.on_trial => OnFailure::Stop,
            _ => OnFailure::Report,
        };
        Step::Reload { what, on_failure }
    };
    reloads.into_iter().map(step).collect()
}

fn changes(step: &Step, path: &Path, old: Option<&String>) -> bool {
    let same = |content: &[u8]| old.is_some_and(|old| old.as_bytes() == content);
    matches!(step, Step::WriteFile { path: written, content, .. } if written == path && !same(&content.0))
}

/// The name of the profile that a step changes or takes away.
fn changed_profile(step: &Step, facts: &Facts) -> Option<String> {
    let (Step::Remove { path } | Step::WriteFile { path, .. }) = step else {
        return None;
    };
    if !path.starts_with(PROFILES) {
        return None;
    }
    let file = path.file_name()?.to_string_lossy();
    let changed =
        matches!(step, Step::Remove { .. }) || changes(step, path, facts.profiles.get(&*file));
    changed.then(|| file.trim_end_matches(".nmconnection").to_owned())
}
