//! A backup takes the place of what the node has, before anybody reads it.
//!
//! Flow: `holdfast restore` lays a backup that was found right at [`paths::RESTORE`], whole, by one rename, and restarts. Here, each of
//! its parts changes places with what the node has, which is kept at [`paths::BEFORE_RESTORE`]. Guarantee: after a cut at any step the
//! next boot goes on, before a service starts, so that no service sees a part of each.

use init_api::{Root, paths};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// What changes places, below the state folder.
const PARTS: [&str; 4] = ["cluster", "ssh", "manifests", "machine-id"];

/// Does it if there is a backup; tells whether there was.
///
/// # Errors
/// The state partition's; the next boot goes on.
pub(super) fn carry_out(root: &Root) -> io::Result<bool> {
    let from = root.path(paths::RESTORE);
    if !from.exists() {
        return Ok(false);
    }
    let (state, before) = (root.path(paths::STATE), root.path(paths::BEFORE_RESTORE));
    // What an older restore kept goes when this one begins, and not when it goes on after a cut.
    let begun = from.join("begun");
    if !begun.exists() {
        host::folder::remove(&before)?;
        host::file::write(&begun, 0o600, "")?;
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&before)?;
    for part in PARTS {
        exchange(&from.join(part), &state.join(part), &before.join(part))?;
    }
    // The signatures first: whoever finds the configuration finds them.
    for (name, to) in [
        ("config.yaml.sig", paths::RESTORED_SIGNATURES),
        ("config.yaml", paths::RESTORED_CONFIG),
    ] {
        let (config, to) = (from.join(name), root.path(to));
        if !config.exists() {
            continue;
        }
        let folder = to.parent().unwrap_or(&state);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        fs::rename(&config, &to)?;
        host::folder::flush(folder)?;
    }
    // They were described from a configuration that is no longer the node's.
    host::file::remove(&root.path(paths::EARLY_SERVICES))?;
    host::folder::flush(&before)?;
    host::folder::flush(&state)?;
    host::folder::remove(&from)?;
    host::folder::flush(&state)?;
    Ok(true)
}

/// The new one takes the place of the old one, which is kept. A cut between the two renames leaves no old one and a new one: the next
/// boot does the second.
fn exchange(new: &Path, place: &Path, kept: &Path) -> io::Result<()> {
    if !new.exists() {
        return Ok(());
    }
    match (place.exists(), kept.exists()) {
        (true, false) => fs::rename(place, kept)?,
        // A boot that came no further made it; the machine's own is kept already.
        (true, true) if place.is_dir() => host::folder::remove(place)?,
        _ => {}
    }
    fs::rename(new, place)
}

#[cfg(test)]
mod tests {
    use super::carry_out;
    use init_api::{Root, paths};
    use std::fs;
    use std::path::Path;

    fn put(root: &Root, path: &str, text: &str) {
        let path = root.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn node(folder: &Path) -> Root {
        let root = Root::new(folder);
        for (at, text) in [(paths::STATE, "flashed"), (paths::RESTORE, "saved")] {
            for name in [
                "cluster/pki/ca.crt",
                "cluster/db/state.db",
                "machine-id",
                "ssh/key",
            ] {
                put(&root, &format!("{at}/{name}"), text);
            }
        }
        for name in ["config.yaml", "config.yaml.sig"] {
            put(&root, &format!("{}/{name}", paths::RESTORE), "saved");
        }
        put(
            &root,
            &format!("{}/cluster/containerd.toml", paths::STATE),
            "flashed",
        );
        put(&root, paths::EARLY_SERVICES, "{}");
        root
    }

    fn is_restored(root: &Root) {
        let text = |path: &str| fs::read_to_string(root.path(path)).unwrap_or_default();
        let state = |name: &str| text(&format!("{}/{name}", paths::STATE));
        let before = |name: &str| text(&format!("{}/{name}", paths::BEFORE_RESTORE));
        for name in [
            "cluster/pki/ca.crt",
            "cluster/db/state.db",
            "machine-id",
            "ssh/key",
        ] {
            assert_eq!(
                (state(name).as_str(), before(name).as_str()),
                ("saved", "flashed"),
                "{name}"
            );
        }
        assert_eq!(state("cluster/containerd.toml"), "", "it is made anew");
        assert_eq!(text(paths::RESTORED_CONFIG), "saved");
        assert_eq!(text(paths::RESTORED_SIGNATURES), "saved");
        assert!(!root.path(paths::EARLY_SERVICES).exists());
        assert!(!root.path(paths::RESTORE).exists());
    }

    #[test]
    fn it_takes_the_place_of_what_was_there_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = node(folder.path());
        assert!(carry_out(&root).unwrap());
        is_restored(&root);
        assert!(!carry_out(&root).unwrap());
        is_restored(&root);
        // Another one: what stood there before the first is not kept for ever.
        put(&root, &format!("{}/machine-id", paths::RESTORE), "second");
        assert!(carry_out(&root).unwrap());
        let kept = root.path(paths::BEFORE_RESTORE).join("machine-id");
        assert_eq!(fs::read_to_string(kept).unwrap(), "saved");
    }

    /// Every state that a cut between two renames leaves.
    #[test]
    fn what_a_cut_interrupted_is_done_at_the_next_boot() {
        let moves = [
            ("STATE/cluster", "BEFORE/cluster"),
            ("RESTORE/cluster", "STATE/cluster"),
            ("STATE/ssh", "BEFORE/ssh"),
            ("RESTORE/ssh", "STATE/ssh"),
            ("STATE/machine-id", "BEFORE/machine-id"),
            ("RESTORE/machine-id", "STATE/machine-id"),
            (
                "RESTORE/config.yaml.sig",
                "STATE/config/from-backup.yaml.sig",
            ),
            ("RESTORE/config.yaml", "STATE/config/from-backup.yaml"),
        ];
        for done in 0..=moves.len() {
            let folder = tempfile::tempdir().unwrap();
            let root = node(folder.path());
            fs::create_dir_all(root.path(paths::BEFORE_RESTORE)).unwrap();
            fs::create_dir_all(root.path(paths::STATE).join("config")).unwrap();
            put(&root, &format!("{}/begun", paths::RESTORE), "");
            let at = |place: &str| {
                let place = place.replace("BEFORE", paths::BEFORE_RESTORE);
                let place = place.replace("RESTORE", paths::RESTORE);
                root.path(place.replace("STATE", paths::STATE))
            };
            for (from, to) in &moves[..done] {
                fs::rename(at(from), at(to)).unwrap();
            }
            assert!(carry_out(&root).unwrap());
            is_restored(&root);
        }
    }
}
