//! The part of a configuration that is still being fetched from `config_url`.
//!
//! It may name what a cluster cannot change later, so a new cluster waits for it; a while only, for a node whose server is
//! gone shall run, too.

use crate::{Paths, Settings};
use init_api::Configured;
use init_api::paths::CONFIGURED;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// Four tries, as `holdfast node fetch-config` makes them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(250);

/// Waits until nothing is missing; tells whether the configuration in force now is one with a fetched part, which `settings`
/// may be older than.
pub(crate) fn wait(settings: &Settings, paths: &Paths, patience: Duration) -> bool {
    if settings.config_url.is_none() {
        return false;
    }
    if has_fetched_part(paths) {
        return true;
    }
    info!("a new cluster waits for what config_url says, {patience:?} at most");
    let started = Instant::now();
    while !has_fetched_part(paths) {
        if started.elapsed() >= patience {
            warn!("config_url could not be fetched in time: the cluster is founded without it");
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

/// Whether the configuration in force has the part that `config_url` names.
fn has_fetched_part(paths: &Paths) -> bool {
    // `node-setup` writes it after the configuration itself.
    init_api::load::<Configured>(paths.at(CONFIGURED)).is_ok_and(|it| it.url_in_force)
}

#[cfg(test)]
mod tests {
    use super::{CONFIGURED, Configured, wait};
    use crate::{Paths, Settings};
    use std::fs;
    use std::time::Duration;

    fn configure(paths: &Paths, url_in_force: bool) {
        let configured = Configured {
            url_in_force,
            ..Configured::default()
        };
        let path = paths.at(CONFIGURED);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        let text = serde_json::to_string(&configured).expect("JSON");
        let whole = path.with_extension("whole");
        fs::write(&whole, text).expect("write");
        fs::rename(whole, path).expect("rename");
    }

    #[test]
    fn a_new_cluster_waits_for_what_is_being_fetched() {
        const OWN: Option<&str> = Some("https://a.example/own");
        // Much longer than a busy host takes, and as short as it can be seen.
        let (long, short) = (Duration::from_secs(60), Duration::from_millis(10));
        for (case, url, configured, patience, (in_force, done_at_once)) in [
            ("no address", None, Some(false), long, (false, true)),
            ("not configured yet", OWN, None, short, (false, false)),
            ("not fetched yet", OWN, Some(false), short, (false, false)),
            ("in force", OWN, Some(true), long, (true, true)),
        ] {
            let root = tempfile::tempdir().expect("temp folder");
            let paths = Paths::below(root.path());
            if let Some(url_in_force) = configured {
                configure(&paths, url_in_force);
            }
            let mut settings = Settings::named("edge", "0.1.0");
            settings.config_url = url.map(|url| url.parse().expect("an address"));
            let started = std::time::Instant::now();
            assert_eq!(wait(&settings, &paths, patience), in_force, "{case}");
            assert_eq!(started.elapsed() < patience, done_at_once, "{case}");
        }
    }

    #[test]
    fn what_arrives_meanwhile_is_noticed() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.config_url = Some("https://a.example/own".parse().expect("an address"));
        std::thread::scope(|threads| {
            let waits = threads.spawn(|| wait(&settings, &paths, Duration::from_secs(20)));
            for url_in_force in [false, true] {
                configure(&paths, url_in_force);
            }
            assert!(waits.join().expect("it returns"));
        });
    }
}
