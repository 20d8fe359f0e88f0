//! What lasts, and where it is seen: folders of the state partition bound over the root's empty ones.

use rustix::fs::{AtFlags, CWD, chownat};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use rustix::process::{Gid, Uid};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

/// `(folder of the state partition, where it is seen)`.
const BOUND: [(&str, &str); 5] = [
    ("var", "var"),
    ("home", "home"),
    ("opt", "opt"),
    ("root", "root"),
    ("local", "usr/local"),
];

/// Folders in memory that services expect: path below the root and mode.
const IN_RUN: [(&str, u32); 5] = [
    ("run/lock", 0o1777),
    ("run/dbus", 0o755),
    ("run/sshd", 0o755),
    ("run/chrony", 0o755),
    ("run/log/holdfast", 0o755),
];

/// The same, in what is mounted here.
const IN_LOG: [(&str, u32); 2] = [("var/log/pods", 0o755), ("var/log/containers", 0o755)];

/// Fills the state partition's folders with what the image has there and they lack, and binds them. Begins with what does
/// not depend on the state partition: maintenance mode needs it for ssh.
///
/// # Errors
/// The state partition is full or broken, or a folder is missing in the image; the path is named in the error.
pub(super) fn bind_all(root: &Path) -> io::Result<()> {
    make_all(root, &IN_RUN)?;
    // Otherwise every mount below `/var` would appear below `/state/var`, too.
    let state = root.join("state");
    mount_change(&state, MountPropagationFlags::PRIVATE)
        .map_err(|error| named(&state, error.into()))?;
    for (kept, seen) in BOUND {
        let (kept, seen) = (root.join("state").join(kept), root.join(seen));
        copy_missing(&seen, &kept).map_err(|error| named(&kept, error))?;
        mount_bind(&kept, &seen)
            .and_then(|()| mount_change(&seen, MountPropagationFlags::SHARED))
            .map_err(|error| named(&seen, error.into()))?;
    }
    let log = root.join("var/log");
    fs::create_dir_all(&log).map_err(|error| named(&log, error))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("tmpfs", &log, "tmpfs", flags, c"mode=0755,size=10%")
        .map_err(|error| named(&log, error.into()))?;
    let ours = root.join("var/lib/holdfast");
    make(&ours, 0o700).map_err(|error| named(&ours, error))?;
    make_all(root, &IN_LOG)
}

fn make_all(root: &Path, folders: &[(&str, u32)]) -> io::Result<()> {
    folders.iter().try_for_each(|(path, mode)| {
        let path = root.join(path);
        make(&path, *mode).map_err(|error| named(&path, error))
    })
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Makes `to` have everything that `from` has, with mode and owner, except what it has already: what the machine wrote
/// is never overwritten.
fn copy_missing(from: &Path, to: &Path) -> io::Result<()> {
    let about = fs::symlink_metadata(from)?;
    let kind = about.file_type();
    let there = fs::symlink_metadata(to).is_ok();
    if kind.is_dir() {
        if !there {
            fs::DirBuilder::new().mode(0o700).create(to)?;
            give_to(to, &about)?;
        }
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy_missing(&from.join(&name), &to.join(&name))?;
        }
    } else if there {
        return Ok(());
    } else if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if kind.is_file() {
        fs::copy(from, to)?;
        give_to(to, &about)?;
    }
    Ok(())
}

fn give_to(path: &Path, about: &fs::Metadata) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(about.uid()), Gid::from_raw(about.gid()));
    chownat(
        CWD,
        path,
        Some(user),
        Some(group),
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    fs::set_permissions(path, fs::Permissions::from_mode(about.mode() & 0o7777))
}

#[cfg(test)]
mod tests {
    use super::{bind_all, copy_missing};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn ssh_has_its_folder_whatever_becomes_of_state() {
        let root = tempfile::tempdir().expect("folder");
        bind_all(root.path()).expect_err("there is no state partition");
        for folder in ["run/sshd", "run/dbus", "run/chrony"] {
            assert!(root.path().join(folder).is_dir(), "{folder}");
        }
    }

    #[test]
    fn only_what_is_missing_is_copied() {
        let folder = tempfile::tempdir().expect("folder");
        let (image, state) = (folder.path().join("image"), folder.path().join("state"));
        fs::create_dir_all(image.join("lib/chrony")).expect("folder");
        fs::set_permissions(image.join("lib/chrony"), fs::Permissions::from_mode(0o750))
            .expect("mode");
        fs::write(image.join("lib/seed"), "image").expect("write");
        fs::write(image.join("lib/kept"), "image").expect("write");
        symlink("/run", image.join("run")).expect("link");
        fs::create_dir_all(state.join("lib")).expect("folder");
        fs::write(state.join("lib/kept"), "machine").expect("write");
        copy_missing(&image, &state).expect("first boot");
        copy_missing(&image, &state).expect("second boot");
        let read = |name: &str| fs::read_to_string(state.join(name)).expect("read");
        assert_eq!(
            (read("lib/kept").as_str(), read("lib/seed").as_str()),
            ("machine", "image")
        );
        assert_eq!(
            fs::read_link(state.join("run")).expect("link").to_str(),
            Some("/run")
        );
        let mode = fs::metadata(state.join("lib/chrony"))
            .expect("folder")
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o750);
    }
}
