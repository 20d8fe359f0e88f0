//! A state partition that is encrypted: LUKS2, its key sealed in the machine's TPM 2.0, and a recovery key for people.
//!
//! The TPM gives the key to boots whose UKI is signed by the releases' PCR key, and to no other: systemd's signed policy over PCR 11
//! (<https://systemd.io/TPM2_PCR_MEASUREMENTS>, `systemd-measure(1)`). The stub measures the UKI that it starts and puts the
//! signature and the public key that the UKI carries into the initramfs, below `/.extra`. So upgrades, and ways back, need no
//! new sealing. Nothing here ever destroys what it cannot open.

mod header;
mod pcr;
mod policy;

use super::check::Check;
use super::error::StateError;
use crate::program::{Program, ProgramError};
use crate::watchdog::Guard;
use init_api::{Root, paths, sealing};
use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

pub(super) use header::{erase, has_header};
pub(super) use policy::{close, hand_over};

/// The name of the opened device.
const NAME: &str = "state";
/// Where secrets lie while they are needed: in memory.
const PRIVATE: &str = "run/holdfast/sealing";

/// Encrypts the partition, which loses what was on it, and opens it. Gives the opened device and the recovery key.
pub(super) fn make(check: &Check<'_>, guard: &mut Guard) -> Result<(PathBuf, String), StateError> {
    needs_tpm(check.root)?;
    if !check.root.join(&paths::SEALING_KEY[1..]).exists() {
        return Err(StateError::NoPolicy);
    }
    let private = Private::new(check.root)?;
    let key = private.key()?;
    let node = check.node.to_string_lossy();
    check.log.line("encrypting the state partition");
    let sealing = Tool { check, guard };
    sealing.make(&private, &key, &node)
}

/// Opens the partition with the machine's TPM; gives the opened device.
pub(super) fn open(check: &Check<'_>, guard: &mut Guard) -> Result<PathBuf, StateError> {
    if !has_header(check.node)? {
        return Err(StateError::HeaderLost(check.node.into()));
    }
    needs_tpm(check.root)?;
    Tool { check, guard }.open(&check.node.to_string_lossy())
}

/// Makes another recovery key for the opened partition, in place of the one before; the TPM opens it for that.
pub(super) fn another_recovery_key(
    check: &Check<'_>,
    guard: &mut Guard,
) -> Result<String, StateError> {
    let private = Private::new(check.root)?;
    let node = check.node.to_string_lossy();
    let how = ["--unlock-tpm2-device=auto", "--wipe-slot=recovery", &node];
    Tool { check, guard }.new_recovery_key(&private, &how)
}

/// Whether somebody on the node asked for another recovery key.
pub(super) fn is_asked_for_a_key(mounted: &Path) -> bool {
    Root::new(mounted).path(paths::NEW_RECOVERY_KEY).exists()
}

/// Notes the recovery key on the state partition mounted at `mounted`: only who may read everything there anyway can read it.
pub(super) fn keep_recovery_key(mounted: &Path, key: &str) -> Result<(), StateError> {
    let path = Root::new(mounted).path(paths::RECOVERY_KEY);
    let keep = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        host::file::write(&path, 0o400, format!("{key}\n"))?;
        host::file::remove(&Root::new(mounted).path(paths::NEW_RECOVERY_KEY)).map(drop)
    };
    keep().map_err(|source| StateError::Write {
        path: path.clone(),
        source,
    })
}

fn needs_tpm(root: &Path) -> Result<(), StateError> {
    let tpm = sealing::tpm(&Root::new(root));
    tpm.map(drop).ok_or(StateError::NoTpm)
}

/// The programs that do it.
struct Tool<'a, 'b> {
    check: &'a Check<'a>,
    guard: &'b mut Guard,
}

impl Tool<'_, '_> {
    fn make(
        mut self,
        private: &Private,
        key: &str,
        node: &str,
    ) -> Result<(PathBuf, String), StateError> {
        // The key is as long as a key can be: nothing is gained by making it slow to try. It is gone at the end of this.
        let file = format!("--key-file={key}");
        let format = [
            "luksFormat",
            "--batch-mode",
            "--type=luks2",
            "--pbkdf=pbkdf2",
            "--pbkdf-force-iterations=1000",
            "--label=holdfast-state",
            &file,
            node,
        ];
        self.cryptsetup("luks-format.log", &format)?;
        let unlock = format!("--unlock-key-file={key}");
        let recovery = self.new_recovery_key(private, &[&unlock, node])?;
        let options = sealing::options();
        let options = options.iter().map(String::as_str);
        let seal = [unlock.as_str(), "--wipe-slot=password"].into_iter();
        let seal: Vec<&str> = seal.chain(options).chain([node]).collect();
        let log = self.check.logs.join("seal.log");
        self.enroll(&log, &seal).map_err(StateError::NotSealed)?;
        match self.open(node) {
            Ok(device) => Ok((device, recovery)),
            // What was sealed a moment ago: no other machine is in play.
            Err(StateError::NotOpened(error)) => Err(StateError::NotSealed(error)),
            Err(error) => Err(error),
        }
    }

    /// `how` says what opens the partition, and which it is.
    fn new_recovery_key(&mut self, private: &Private, how: &[&str]) -> Result<String, StateError> {
        let said = private.folder.join("recovery");
        self.enroll(&said, &[&["--recovery-key"], how].concat())?;
        let said = fs::read_to_string(&said).unwrap_or_default();
        let key = recovery_key(&said).ok_or(StateError::NoRecoveryKey)?;
        Ok(key.to_owned())
    }

    fn open(mut self, node: &str) -> Result<PathBuf, StateError> {
        let open = [
            "open",
            "--token-only",
            "--token-type=systemd-tpm2",
            // Flash lives longer where it knows what is free; which blocks are free is all that this tells.
            "--allow-discards",
            node,
            NAME,
        ];
        self.cryptsetup("luks-open.log", &open)
            .map_err(StateError::NotOpened)?;
        opened(self.check.root).ok_or(StateError::NoDevice)
    }

    fn cryptsetup(&mut self, log: &str, arguments: &[&str]) -> Result<(), ProgramError> {
        let log = self.check.logs.join(log);
        self.run("/usr/sbin/cryptsetup", arguments, &log)
    }

    fn enroll(&mut self, log: &Path, arguments: &[&str]) -> Result<(), ProgramError> {
        self.run("/usr/bin/systemd-cryptenroll", arguments, log)
    }

    fn run(&mut self, path: &str, arguments: &[&str], log: &Path) -> Result<(), ProgramError> {
        let program = Program {
            root: self.check.root,
            path,
            arguments,
            good: &[0],
        };
        let done = program.run(log, self.guard, |minutes| {
            let line = format!("still at it, {minutes} min: {path}");
            self.check.log.line(&line);
        });
        done.map(drop)
    }
}

/// The opened device by its own name: what it is called elsewhere is a link, and the kernel knows nothing of links.
pub(super) fn opened(root: &Path) -> Option<PathBuf> {
    let all = fs::read_dir(root.join("sys/class/block")).ok()?;
    let mut names = all.flatten().map(|entry| entry.path());
    let found = names.find(|path| {
        fs::read_to_string(path.join("dm/name")).is_ok_and(|name| name.trim_end() == NAME)
    })?;
    Some(Path::new("/dev").join(found.file_name()?))
}

/// What `systemd-cryptenroll` prints among other things.
fn recovery_key(said: &str) -> Option<&str> {
    said.split_ascii_whitespace()
        .find(|word| sealing::is_recovery_key(word))
}

/// A folder in memory that nobody else may look into; it goes with what is in it.
struct Private {
    folder: PathBuf,
}

impl Private {
    fn new(root: &Path) -> Result<Self, StateError> {
        let folder = root.join(PRIVATE);
        let private = || {
            // What is above it is for others, too.
            folder.parent().map_or(Ok(()), fs::create_dir_all)?;
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
        };
        match private() {
            Ok(()) => Ok(Self { folder }),
            Err(source) => Err(StateError::Write {
                path: folder,
                source,
            }),
        }
    }

    /// A new key; gives its path as programs of the root see it.
    fn key(&self) -> Result<String, StateError> {
        let path = self.folder.join("key");
        let write = || {
            let mut key = [0; 64];
            File::open("/dev/urandom")?.read_exact(&mut key)?;
            host::file::write_in_memory(&path, 0o600, key)
        };
        write().map_err(|source| StateError::Write {
            path: path.clone(),
            source,
        })?;
        Ok(format!("/{PRIVATE}/key"))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // It lies in memory: what cannot be removed ends with this boot.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::{keep_recovery_key, opened, recovery_key};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    const KEY: &str = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";

    #[test]
    fn the_recovery_key_is_found_in_what_is_printed() {
        let said = format!(
            "A secret recovery key has been generated for this volume:\n\n    {KEY}\n\nPlease save it\n"
        );
        assert_eq!(recovery_key(&said), Some(KEY));
        for other in ["", "a-b-c-d-e-f-g-h", &KEY[..62], &KEY.to_uppercase()] {
            assert_eq!(recovery_key(other), None, "{other}");
        }
    }

    #[test]
    fn the_recovery_key_is_for_root_alone() {
        let folder = tempfile::tempdir().expect("folder");
        keep_recovery_key(folder.path(), KEY).expect("kept");
        let path = init_api::Root::new(folder.path()).path(init_api::paths::RECOVERY_KEY);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        assert_eq!(fs::read_to_string(path).expect("there"), format!("{KEY}\n"));
    }

    #[test]
    fn the_opened_device_has_the_kernels_own_name() {
        let folder = tempfile::tempdir().expect("folder");
        for (device, name) in [("dm-0", "root"), ("dm-1", "state")] {
            let at = folder
                .path()
                .join("sys/class/block")
                .join(device)
                .join("dm");
            fs::create_dir_all(&at).expect("folder");
            fs::write(at.join("name"), format!("{name}\n")).expect("written");
        }
        assert_eq!(
            opened(folder.path()).as_deref(),
            Some(Path::new("/dev/dm-1"))
        );
    }
}
