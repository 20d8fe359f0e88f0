use super::{Check, Prepared, README, empty, prepare};
use crate::initramfs::state::error::StateError;
use crate::report::Log;
use crate::watchdog::Guard;
use disk::layout::Reset;
use host::with_causes;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What must not be read from a disk any more.
const SECRET: &str = "password_hash: $6$abc ";

#[test]
fn a_configuration_goes_and_what_says_what_it_is_for_stays() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("kept/older")).expect("folder");
    for name in [
        "config.yaml",
        README,
        "state-repair-1.e2undo",
        "kept/older/config.yaml",
        "kept/README.txt",
    ] {
        fs::write(at(name), "secret").expect("written");
    }
    fs::hard_link(at("kept/older/config.yaml"), at("../seen-elsewhere")).expect("a link");
    empty(folder.path(), Some(README)).expect("emptied");
    empty(folder.path(), Some(README)).expect("again, after a cut");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("listed").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read(at(README)).expect("there"), b"secret");
    let seen = at("../seen-elsewhere");
    assert_eq!(fs::read(&seen).expect("there"), [0; 6], "it is overwritten");
    fs::remove_file(seen).expect("removed");
}

/// Two partitions that are files full of [`SECRET`]. No kernel mounts them.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let text = SECRET.repeat((4 << 20) / SECRET.len());
        for name in ["state", "config"] {
            fs::write(folder.path().join(name), &text).expect("written");
        }
        Self(folder)
    }

    fn prepare(&self, reset: Reset, config: Option<&str>) -> Result<Prepared, StateError> {
        let (node, log) = (self.0.path().join("state"), Log::default());
        let check = Check {
            node: &node,
            root: Path::new("/"),
            logs: self.0.path(),
            log: &log,
        };
        let config = config.map(|name| self.0.path().join(name));
        prepare(reset, &check, config.as_deref(), &mut Guard::default())
    }

    fn tells(&self, name: &str) -> bool {
        let bytes = fs::read(self.0.path().join(name)).expect("there");
        bytes
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes())
    }
}

#[test]
fn what_was_on_the_partitions_is_gone_as_far_as_that_is_asked_for() {
    for (reset, config, state) in [
        (Reset::KeepConfig, true, true),
        (Reset::Everything, false, true),
        (Reset::WipeSecrets, false, false),
    ] {
        let disk = Disk::new();
        let prepared = disk.prepare(reset, Some("config")).expect("done");
        assert!(prepared.kept.is_none(), "{reset:?}: {:?}", prepared.kept);
        assert_eq!(prepared.left(), Reset::KeepConfig, "{reset:?}");
        assert_eq!(disk.tells("config"), config, "{reset:?}");
        assert_eq!(disk.tells("state"), state, "{reset:?}");
        if !config {
            // A person can put a file on it, as before.
            let judge = Command::new("/usr/sbin/fsck.fat")
                .arg("-n")
                .arg(disk.0.path().join("config"))
                .output();
            assert!(judge.expect("fsck.fat runs").status.success(), "{reset:?}");
        }
    }
}

#[test]
fn a_configuration_that_stays_is_told_and_asked_for_again() {
    for reset in [Reset::Everything, Reset::WipeSecrets] {
        let disk = Disk::new();
        let prepared = disk.prepare(reset, Some("gone/config")).expect("the rest");
        let kept = prepared.kept.as_ref().expect("it is told");
        let said = with_causes(kept);
        assert!(said.starts_with("the reset is not done"), "{said}");
        assert!(said.contains("gone/config"), "{said}");
        assert!(
            kept.cure()
                .is_some_and(|cure| cure.contains("--keep-config"))
        );
        assert_eq!(prepared.left(), Reset::Everything);
        let wiped = reset == Reset::WipeSecrets;
        assert_eq!(disk.tells("state"), !wiped, "state is wiped all the same");
    }
    let disk = Disk::new();
    assert!(
        disk.prepare(Reset::Everything, None)
            .expect("done")
            .kept
            .is_none()
    );
}

#[test]
fn a_state_that_is_not_overwritten_is_told() {
    let disk = Disk::new();
    fs::remove_file(disk.0.path().join("state")).expect("removed");
    let error = disk
        .prepare(Reset::WipeSecrets, None)
        .expect_err("no state");
    let said = with_causes(&error);
    assert!(said.starts_with("the reset is not done"), "{said}");
    assert_eq!(error.title(), "The reset is not done");
}
