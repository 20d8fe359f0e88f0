//! What running services must be told, once the node is up and its configuration changes.

use crate::facts::Facts;
use crate::reload::Reload;
use crate::step::{OnFailure, Step};
use std::path::Path;

const PROFILES: &str = "/run/NetworkManager/system-connections";

/// Looks at the planned files: nothing is reloaded that does not change.
pub(super) fn steps(planned: &[Step], facts: &Facts) -> Vec<Step> {
    if facts.first_run {
        return Vec::new();
    }
    let mut reloads = Vec::new();
    for (path, reload) in [
        ("/etc/ssh/sshd_config", Reload::Ssh),
        ("/etc/chrony/chrony.conf", Reload::Time),
    ] {
        if planned
            .iter()
            .any(|step| changes(step, Path::new(path), facts.files.get(Path::new(path))))
        {
            reloads.push(reload);
        }
    }
    if planned.iter().any(|step| changes_profile(step, facts)) {
        reloads.push(Reload::Network);
    }
    reloads
        .into_iter()
        .map(|what| Step::Reload {
            what,
            on_failure: OnFailure::Report,
        })
        .collect()
}

fn changes(step: &Step, path: &Path, old: Option<&String>) -> bool {
    let same = |content: &[u8]| old.is_some_and(|old| old.as_bytes() == content);
    matches!(step, Step::WriteFile { path: written, content, .. } if written == path && !same(&content.0))
}

fn changes_profile(step: &Step, facts: &Facts) -> bool {
    match step {
        Step::Remove { path } => path.starts_with(PROFILES),
        Step::WriteFile { path, .. } if path.starts_with(PROFILES) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            changes(step, path, facts.profiles.get(name.as_ref()))
        }
        _ => false,
    }
}
