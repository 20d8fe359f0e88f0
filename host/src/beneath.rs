//! Files below a root that are reached without following a link: where others can write too, a link could lead the writer to any
//! file of the machine.
//!
//! Each folder on the way is opened by its name in the one before, and all that is done to a file is done by its descriptor.
//! Guarantee: as those of [`crate::file`]; whatever is put in place of a folder or file meanwhile, no other file is touched.

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Opens the folder `path` below `root`, and makes what of it is missing. `root` itself may be a link.
    ///
    /// # Errors
    /// The kernel's; a link on the way, or a path with `..` in it.
    pub fn ensure(root: &Path, path: &Path) -> io::Result<Self> {
        let mut folder = Self(File::open(root)?.into());
        for part in path.components() {
            match part {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => folder = folder.enter(name)?,
                Component::ParentDir | Component::Prefix(_) => {
                    return Err(io::Error::other("a path with `..` in it"));
                }
            }
        }
        Ok(folder)
    }

    fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.0, name, flags, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&self.0, name, Mode::from(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                open()
            }
            opened => opened,
        };
        match opened {
            Ok(opened) => Ok(Self(opened)),
            Err(error) => Err(self.told(name, error)),
        }
    }

    /// A link is named as such: the kernel says only that it is no folder, or that there are too many links.
    fn told(&self, name: &OsStr, error: Errno) -> io::Error {
        let is = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_link = is.is_ok_and(|is| {
            rustix::fs::FileType::from_raw_mode(is.st_mode) == rustix::fs::FileType::Symlink
        });
        if !is_link {
            return error.into();
        }
        let name = name.to_string_lossy();
        io::Error::other(format!(
            "`{name}` is a link, which is not followed: write the path that it leads to"
        ))
    }

    /// The folder itself, to look at it and to change its mode and owner.
    pub fn file(&self) -> io::Result<File> {
        Ok(self.0.try_clone()?.into())
    }

    /// Opens an ordinary file to read it; `None` for what is none: nothing, a link, a device.
    ///
    /// # Errors
    /// The kernel's.
    pub fn read(&self, name: &OsStr) -> io::Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = match rustix::fs::openat(&self.0, name, flags, Mode::empty()) {
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
            opened => opened?.into(),
        };
        let is_file = file.metadata()?.is_file();
        Ok(is_file.then_some(file))
    }

    /// Writes `content` to the file `name` with permission bits `mode`, in place of whatever is called so. `prepare` is called with
    /// the new file, whole and still private, to set its owner. It survives a power cut once this returns.
    ///
    /// # Errors
    /// The first step that failed, and what `prepare` fails with; the old file stands.
    pub fn write(
        &self,
        name: &OsStr,
        mode: u32,
        content: &[u8],
        prepare: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let temporary = format!(".{}.new", name.to_string_lossy());
        let written = self
            .fill(&temporary, content)
            .and_then(|file| {
                prepare(&file)?;
                // After the owner: a change of owner takes set-user-id and set-group-id bits away.
                file.set_permissions(Permissions::from_mode(mode))?;
                file.sync_all()
            })
            .and_then(|()| Ok(rustix::fs::renameat(&self.0, &temporary, &self.0, name)?));
        if let Err(error) = written {
            // The first error is what matters; a temporary file that cannot be removed is overwritten next time.
            let _ = self.remove(&temporary);
            return Err(error);
        }
        Ok(rustix::fs::fsync(&self.0)?)
    }

    fn fill(&self, temporary: &str, content: &[u8]) -> io::Result<File> {
        self.remove(temporary)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, temporary, flags, Mode::from(0o600))?;
        let mut file: File = file.into();
        file.write_all(content)?;
        Ok(file)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            done => Ok(done?),
        }
    }
}

/// Whether an open file has exactly this content.
///
/// # Errors
/// The kernel's.
pub fn holds(file: &mut File, content: &[u8]) -> io::Result<bool> {
    if file.metadata()?.len() != content.len() as u64 {
        return Ok(false);
    }
    let mut now = Vec::with_capacity(content.len());
    file.read_to_end(&mut now)?;
    Ok(now == content)
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use std::ffi::OsStr;
    use std::fs;
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown, symlink};
    use std::path::Path;

    fn write(root: &Path, folder: &str, name: &str) -> io::Result<()> {
        let folder = Folder::ensure(root, Path::new(folder))?;
        folder.write(OsStr::new(name), 0o640, b"new", |_| Ok(()))
    }

    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().expect("folder");
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("etc")).expect("folder");
        fs::write(at("etc/shadow"), "old").expect("written");
        fs::set_permissions(at("etc/shadow"), fs::Permissions::from_mode(0o600)).expect("set");
        fs::create_dir_all(at("var/app")).expect("folder");
        // What a pod may make in a folder that it shares with the node.
        symlink(at("etc"), at("var/app/conf")).expect("link");
        symlink(at("etc/shadow"), at("var/app/direct")).expect("link");
        symlink(at("etc/shadow"), at("var/app/.direct.new")).expect("link");
        let error = write(root.path(), "/var/app/conf", "shadow").expect_err("a link");
        assert_eq!(
            error.to_string(),
            "`conf` is a link, which is not followed: write the path that it leads to"
        );
        write(root.path(), "/var/app", "direct").expect("in the link's own place");
        assert_eq!(fs::read(at("var/app/direct")).expect("there"), b"new");
        let is = fs::symlink_metadata(at("var/app/direct")).expect("there");
        assert!(is.is_file() && is.permissions().mode() & 0o7777 == 0o640);
        let other = fs::metadata(at("etc/shadow")).expect("there");
        assert_eq!(fs::read(at("etc/shadow")).expect("there"), b"old");
        assert_eq!(other.permissions().mode() & 0o7777, 0o600);
    }

    /// The folder is exchanged for a link between its opening and the writing.
    #[test]
    fn what_is_open_stays_what_it_is() {
        let root = tempfile::tempdir().expect("folder");
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("etc")).expect("folder");
        let folder = Folder::ensure(root.path(), Path::new("/var/app")).expect("made");
        fs::rename(at("var/app"), at("var/old")).expect("moved");
        symlink(at("etc"), at("var/app")).expect("link");
        let name = OsStr::new("passwd");
        let prepare = |file: &fs::File| {
            // The temporary file is exchanged, too.
            fs::rename(at("var/old/.passwd.new"), at("var/old/away"))?;
            fs::write(at("etc/group"), "old")?;
            symlink(at("etc/group"), at("var/old/.passwd.new"))?;
            assert_eq!(file.metadata()?.mode() & 0o7777, 0o600, "opened too early");
            Ok(())
        };
        folder.write(name, 0o666, b"new", prepare).expect("written");
        assert!(!at("etc/passwd").exists());
        assert_eq!(fs::read(at("etc/group")).expect("there"), b"old");
        let mode = fs::metadata(at("etc/group")).expect("there").mode() & 0o7777;
        assert_ne!(mode, 0o666, "another file was opened up");
    }

    #[test]
    fn a_change_of_owner_does_not_take_bits_of_the_mode() {
        let root = tempfile::tempdir().expect("folder");
        let folder = Folder::ensure(root.path(), Path::new("")).expect("opened");
        for mode in [0o600, 0o755, 0o1777, 0o2755, 0o4755, 0o6711] {
            let give = |file: &fs::File| {
                let is = file.metadata()?;
                assert_eq!(is.mode() & 0o7777, 0o600, "{mode:o}: opened up too early");
                // To whom it belongs already: the kernel takes the bits away all the same.
                fchown(file, Some(is.uid()), Some(is.gid()))
            };
            let name = OsStr::new("tool");
            folder.write(name, mode, b"x", give).expect("written");
            let is = fs::metadata(root.path().join(name)).expect("there");
            assert_eq!(is.mode() & 0o7777, mode, "{mode:o}");
        }
        let failed = folder.write(OsStr::new("tool"), 0o600, b"y", |_| {
            Err(io::Error::other("no"))
        });
        failed.expect_err("the owner cannot be set");
        assert_eq!(fs::read(root.path().join("tool")).expect("there"), b"x");
        let left = fs::read_dir(root.path()).expect("listed").count();
        assert_eq!(left, 1, "a temporary file stayed");
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        let root = tempfile::tempdir().expect("folder");
        let error = Folder::ensure(root.path(), Path::new("/a/../b")).expect_err("refused");
        assert_eq!(error.to_string(), "a path with `..` in it");
    }
}
