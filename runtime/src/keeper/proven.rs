//! A configuration becomes the last good one when the node has been Ready with it for a while: `node-setup/src/last_good.rs`.
//!
//! It is one renaming on state: a power cut leaves the good one of before, or the new one.

use super::context::Keeper;
use host::folder;
use init_api::{Configured, Tried, load_if_present, paths};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use tracing::{info, warn};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(30);
/// So often in a row the node is Ready with one. The cluster takes up to a minute to notice that a kubelet says nothing any more, and
/// the first answers of a boot may be from before it.
const TIMES: u32 = 5;

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    tried: Option<Tried>,
    ready: u32,
}

impl Seen {
    /// The one with which the node has been Ready for long enough.
    fn observe(&mut self, tried: Option<Tried>, ready: bool) -> Option<&Tried> {
        if self.tried != tried {
            *self = Self { tried, ready: 0 };
        }
        self.ready = match ready {
            true => self.ready.saturating_add(1),
            false => 0,
        };
        self.tried.as_ref().filter(|_| self.ready >= TIMES)
    }
}

/// Looks now and then, for ever.
pub(super) async fn follow(keeper: &Keeper) {
    let mut seen = Seen::default();
    loop {
        tokio::time::sleep(EVERY).await;
        let configured = load_if_present::<Configured>(keeper.paths.at(paths::CONFIGURED));
        // While it is replaced, or cannot be read, it is not known what is in force.
        let tried = configured.ok().flatten().and_then(|it| it.tried);
        let Some(proven) = seen.observe(tried, keeper.report.is_ready()) else {
            continue;
        };
        let (file, becomes) = (
            keeper.paths.at(&proven.file),
            keeper.paths.at(&proven.becomes),
        );
        match keep(&file, &becomes) {
            Ok(true) => info!("the configuration is the last good one now"),
            Ok(false) => {}
            Err(error) => warn!("the configuration is not kept as the last good one: {error}"),
        }
    }
}

/// Whether there was something to rename: once done, it is done.
fn keep(file: &Path, becomes: &Path) -> io::Result<bool> {
    match fs::rename(file, becomes) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    becomes.parent().map_or(Ok(()), folder::flush)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{Seen, TIMES, keep};
    use init_api::Tried;
    use std::fs;

    fn tried(name: &str) -> Option<Tried> {
        Some(Tried {
            file: name.into(),
            becomes: "1.yaml".into(),
        })
    }

    #[test]
    fn only_the_one_that_stays_ready_is_proven() {
        let mut seen = Seen::default();
        let mut all = |name: &str, ready: &[bool]| -> bool {
            let mut proven = false;
            for ready in ready {
                proven = seen.observe(tried(name), *ready).is_some();
            }
            proven
        };
        let long = vec![true; TIMES as usize];
        assert!(!all("a", &long[1..]), "not for long enough");
        // What is left of the one before: the kubelet ends at every start now.
        assert!(!all("b", &[true, false]));
        assert!(!all("b", &long[1..]), "it was not Ready in between");
        assert!(all("b", &[true]));
        assert!(!all("c", &[true]), "another one begins anew");
        assert!(Seen::default().observe(None, true).is_none());
    }

    #[test]
    fn it_takes_the_place_of_the_one_before_and_once() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("1.yaml"), "old").expect("written");
        fs::write(at("1.ab.tried"), "new").expect("written");
        assert!(keep(&at("1.ab.tried"), &at("1.yaml")).expect("renamed"));
        assert_eq!(fs::read_to_string(at("1.yaml")).expect("there"), "new");
        assert!(!keep(&at("1.ab.tried"), &at("1.yaml")).expect("nothing to do"));
    }
}
