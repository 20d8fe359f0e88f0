//! The part of a configuration that is still being fetched from `config_url`.
//!
//! It may name what a cluster cannot change later, so a new cluster waits for it; a while only, for a node whose server is
//! gone shall run, too.

use crate::{ClusterSettings, Paths};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use tracing::{info, warn};

/// Four tries, as `holdfast node fetch-config` makes them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(250);
/// What was fetched; `node-setup` writes it.
const COPY: &str = "/var/lib/holdfast/config/from-url.json";
/// The configuration in force; `node-setup` writes it anew for each copy.
const IN_FORCE: &str = "/run/holdfast/config.json";

#[derive(Deserialize)]
struct Copy {
    url: String,
}

/// Waits until nothing is missing; tells whether the configuration in force now is one with a fetched part, which `settings`
/// may be older than.
pub(crate) fn wait(settings: &ClusterSettings, paths: &Paths, patience: Duration) -> bool {
    let Some(url) = &settings.config_url else {
        return false;
    };
    if is_in_force(url, paths) {
        return true;
    }
    info!("a new cluster waits for what config_url says, {patience:?} at most");
    let started = Instant::now();
    while !is_in_force(url, paths) {
        if started.elapsed() >= patience {
            warn!("config_url gave nothing: the cluster is founded without it");
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

/// Whether a copy was fetched, and the node was configured since.
fn is_in_force(url: &str, paths: &Paths) -> bool {
    let copy = paths.at(COPY);
    let fetched = init_api::load::<Copy>(&copy).is_ok_and(|copy| copy.url == url);
    fetched && changed(&paths.at(IN_FORCE)) >= changed(&copy)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::{COPY, IN_FORCE, wait};
    use crate::{ClusterSettings, Paths};
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_new_cluster_waits_for_what_is_being_fetched() {
        const OWN: Option<&str> = Some("https://a.example/own");
        let copy = |of: &str| Some(format!(r#"{{"url":"https://a.example/{of}"}}"#));
        for (case, url, copy, configured, (in_force, done_at_once)) in [
            ("no address", None, None, 0, (false, true)),
            ("nothing yet", OWN, None, 0, (false, false)),
            ("of another address", OWN, copy("other"), 1, (false, false)),
            (
                "fetched, not in force",
                OWN,
                copy("own"),
                -1,
                (false, false),
            ),
            ("in force", OWN, copy("own"), 1, (true, true)),
        ] {
            let root = tempfile::tempdir().expect("temp folder");
            let paths = Paths::below(root.path());
            let at = |path: &str, text: &str, seconds: i64| {
                let path = paths.at(path);
                fs::create_dir_all(path.parent().expect("folder")).expect("folder");
                fs::write(&path, text).expect("write");
                let seconds = u64::try_from(1_000 + seconds).expect("positive");
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
                let file = fs::File::options().append(true).open(&path);
                file.expect("open").set_modified(time).expect("time");
            };
            if let Some(copy) = copy {
                at(COPY, &copy, 0);
            }
            at(IN_FORCE, "{}", configured);
            let mut settings = ClusterSettings::named("edge", "0.1.0");
            settings.config_url = url.map(Into::into);
            let started = std::time::Instant::now();
            let patience = Duration::from_millis(10);
            assert_eq!(wait(&settings, &paths, patience), in_force, "{case}");
            assert_eq!(started.elapsed() < patience, done_at_once, "{case}");
        }
    }

    #[test]
    fn what_arrives_meanwhile_is_noticed() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = ClusterSettings::named("edge", "0.1.0");
        settings.config_url = Some("https://a.example/own".into());
        std::thread::scope(|threads| {
            let waits = threads.spawn(|| wait(&settings, &paths, Duration::from_secs(20)));
            for (path, text) in [
                (COPY, r#"{"url":"https://a.example/own"}"#),
                (IN_FORCE, "{}"),
            ] {
                let path = paths.at(path);
                fs::create_dir_all(path.parent().expect("folder")).expect("folder");
                fs::write(&path, text).expect("write");
            }
            assert!(waits.join().expect("it returns"));
        });
    }
}
