//! The keys of an encrypted state partition in people's hands: the recovery key, and a new sealing with it.

use host::{Command, CommandError};
use init_api::{BootRecord, FileError, Root, load_if_present, paths};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the recovery key lies while it is used: in memory.
const KEY: &str = "/run/holdfast/recovery-key";

/// A key could not be given or used.
#[derive(Debug, thiserror::Error)]
pub enum StateKeyError {
    /// It is not encrypted, so there is no key.
    #[error("the state partition of this machine is not encrypted: there is no recovery key")]
    NotEncrypted,
    /// It was printed before.
    #[error(
        "the recovery key was printed already, and is kept nowhere on this machine. If it is lost: `holdfast backup` saves the node, and a reset \
         makes a new one"
    )]
    Printed,
    /// The file with it.
    #[error("cannot read or remove {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was typed.
    #[error(
        "this is no recovery key: it has eight groups of eight letters of `cbdefghijklnrtuv`, with `-` between them"
    )]
    NoKey,
    /// How the machine was started.
    #[error(transparent)]
    Boot(#[from] FileError),
    /// The release.
    #[error(
        "the running release is not signed for an encrypted state: start one whose images were built with `--pcr-key`"
    )]
    NotSigned,
    /// `systemd-cryptenroll` said no.
    #[error("the recovery key does not open {partition}, or the TPM does not take a new key")]
    Enroll {
        /// The state partition.
        partition: PathBuf,
        /// What it said.
        source: CommandError,
    },
}

/// Hands the recovery key to `print`, and keeps it no longer once that has printed it.
///
/// # Errors
/// What [`StateKeyError`] lists.
pub fn print_recovery_key(
    root: &Root,
    print: impl FnOnce(&str) -> io::Result<()>,
) -> Result<(), StateKeyError> {
    let path = root.path(paths::RECOVERY_KEY);
    let failure = |source| StateKeyError::File {
        path: path.clone(),
        source,
    };
    match fs::read_to_string(&path) {
        Ok(key) => {
            print(key.trim()).map_err(failure)?;
            host::file::remove_for_good(&path).map_err(failure)?;
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT))?;
            let opened = boot.and_then(|boot| boot.partitions.opened_state);
            Err(opened.map_or(StateKeyError::NotEncrypted, |_| StateKeyError::Printed))
        }
        Err(error) => Err(failure(error)),
    }
}

/// Seals the state partition's key in this machine's TPM anew, in place of what was sealed before; the next start opens it.
///
/// # Errors
/// What [`StateKeyError`] lists; the partition is as before then.
pub fn seal_again(root: &Root, recovery_key: &str) -> Result<(), StateKeyError> {
    let key = typed(recovery_key).ok_or(StateKeyError::NoKey)?;
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT))?;
    let partition = boot.and_then(|boot| boot.partitions.state);
    let partition = partition.ok_or(StateKeyError::NotEncrypted)?;
    if !root.path(paths::SEALING_KEY).exists() {
        return Err(StateKeyError::NotSigned);
    }
    let file = root.path(KEY);
    host::file::write_in_memory(&file, 0o600, key).map_err(|source| StateKeyError::File {
        path: file.clone(),
        source,
    })?;
    let done = enroll(&file, &partition);
    host::file::remove(&file).map_err(|source| StateKeyError::File { path: file, source })?;
    done.map_err(|source| StateKeyError::Enroll { partition, source })
}

fn enroll(key: &Path, partition: &Path) -> Result<(), CommandError> {
    Command::new("systemd-cryptenroll")
        .arg(format!("--unlock-key-file={}", key.display()))
        .args(["--wipe-slot=tpm2", "--tpm2-device=auto", "--tpm2-pcrs="])
        .arg(format!("--tpm2-public-key={}", paths::SEALING_KEY))
        .arg("--tpm2-public-key-pcrs=11")
        .arg(partition)
        .run()
        .map(drop)
}

/// A recovery key as people type it: spaces in place of `-`, capital letters.
fn typed(text: &str) -> Option<String> {
    let letters: Vec<char> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let right = letters.len() == 64 && letters.iter().all(|c| "cbdefghijklnrtuv".contains(*c));
    let groups = letters.chunks(8).map(String::from_iter);
    right.then(|| groups.collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::{StateKeyError, print_recovery_key, typed};
    use init_api::{Root, paths};
    use std::fs;
    use std::io;

    const KEY: &str = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";

    #[test]
    fn a_key_is_taken_as_people_type_it() {
        let spaces = KEY.replace('-', "  ");
        let capital = format!(" {}\n", KEY.to_uppercase());
        for (text, expected) in [
            (KEY, Some(KEY)),
            (&spaces, Some(KEY)),
            (&capital, Some(KEY)),
            (&KEY[1..], None),
            ("", None),
            ("--unlock-fido2-device=auto", None),
        ] {
            assert_eq!(typed(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_recovery_key_is_printed_once_and_only_if_it_was_seen() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let path = root.path(paths::RECOVERY_KEY);
        let none = print_recovery_key(&root, |_| Ok(()));
        assert!(matches!(none, Err(StateKeyError::NotEncrypted)), "{none:?}");
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, format!("{KEY}\n")).expect("written");
        let full = print_recovery_key(&root, |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(
            full.is_err() && path.exists(),
            "nobody has seen it: {full:?}"
        );
        print_recovery_key(&root, |key| {
            assert_eq!(key, KEY);
            Ok(())
        })
        .expect("printed");
        assert!(!path.exists());
    }
}
