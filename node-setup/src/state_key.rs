//! The keys of an encrypted state partition in people's hands: the recovery key, and a new sealing with it.

use crate::damage_choice::booted_table;
use host::{Command, CommandError};
use init_api::{BootRecord, FileError, Root, load_if_present, paths, sealing};
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
    /// It cannot be read.
    #[error(
        "the state partition of this machine is encrypted and not open: its recovery key cannot be read"
    )]
    Closed,
    /// It was printed before.
    #[error(
        "the recovery key was printed already, and is kept nowhere on this machine. If it is lost: `holdfast recovery-key --new` has the next start \
         make another one"
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
    /// The machine.
    #[error(
        "this machine has no TPM 2.0 that the kernel knows: switch it on in the firmware's setup; nothing was changed"
    )]
    NoTpm,
    /// The release.
    #[error(
        "the running release is not signed for an encrypted state: start one whose images were built with `--pcr-key`"
    )]
    NotSigned,
    /// It is another one's.
    #[error("the recovery key does not open {partition}; nothing was changed")]
    WrongKey {
        /// The state partition.
        partition: PathBuf,
        /// What `cryptsetup` said.
        source: CommandError,
    },
    /// The TPM.
    #[error(
        "no key of {partition} can be sealed in this machine's TPM. The recovery key opens it still: mend what is said, and try again"
    )]
    Enroll {
        /// The state partition.
        partition: PathBuf,
        /// What `systemd-cryptenroll` said.
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
            let opened = boot.is_some_and(|boot| boot.partitions.opened_state.is_some());
            let encrypted = booted_table(root).is_some_and(|table| table.is_encrypted());
            Err(match (opened, encrypted) {
                (true, _) => StateKeyError::Printed,
                (false, true) => StateKeyError::Closed,
                (false, false) => StateKeyError::NotEncrypted,
            })
        }
        Err(error) => Err(failure(error)),
    }
}

/// Has the next boot make another recovery key, in place of the one before.
///
/// # Errors
/// What [`StateKeyError`] lists.
pub fn ask_for_another(root: &Root) -> Result<(), StateKeyError> {
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT))?;
    let opened = boot.and_then(|boot| boot.partitions.opened_state);
    opened.ok_or(StateKeyError::NotEncrypted)?;
    let path = root.path(paths::NEW_RECOVERY_KEY);
    host::file::write(&path, 0o600, "").map_err(|source| StateKeyError::File { path, source })
}

/// Seals the state partition's key in this machine's TPM anew, in place of what was sealed before; the next start opens it.
///
/// # Errors
/// What [`StateKeyError`] lists; what the recovery key opens is as before then.
pub fn seal_again(root: &Root, recovery_key: &str) -> Result<(), StateKeyError> {
    let key = typed(recovery_key).ok_or(StateKeyError::NoKey)?;
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT))?;
    let partition = boot.and_then(|boot| boot.partitions.state);
    let partition = partition.ok_or(StateKeyError::NotEncrypted)?;
    if !root.path(paths::SEALING_KEY).exists() {
        return Err(StateKeyError::NotSigned);
    }
    // What is sealed in one that is switched off opens the partition when it is on again, and would be gone.
    if sealing::tpm(root).is_none() {
        return Err(StateKeyError::NoTpm);
    }
    let file = root.path(KEY);
    host::file::write_in_memory(&file, 0o600, key).map_err(|source| StateKeyError::File {
        path: file.clone(),
        source,
    })?;
    let done = seal(&file, &partition);
    host::file::remove(&file).map_err(|source| StateKeyError::File { path: file, source })?;
    done
}

/// `systemd-cryptenroll` does nothing where a key is sealed for the same policy, in whatever TPM: so the old one goes first, once it is
/// certain that the recovery key opens the partition. Where that is all that opens it for a moment, it is in somebody's hands.
fn seal(key: &Path, partition: &Path) -> Result<(), StateKeyError> {
    let node = || partition.to_owned();
    let opens = Command::new("cryptsetup")
        .args(["open", "--test-passphrase", "--disable-external-tokens"])
        .arg(format!("--key-file={}", key.display()))
        .arg(partition);
    opens.run().map_err(|source| StateKeyError::WrongKey {
        partition: node(),
        source,
    })?;
    let wipe = Command::new("systemd-cryptenroll").arg("--wipe-slot=tpm2");
    let enroll = Command::new("systemd-cryptenroll")
        .arg(format!("--unlock-key-file={}", key.display()))
        .args(sealing::options());
    for command in [wipe, enroll] {
        let done = command.arg(partition).run();
        done.map_err(|source| StateKeyError::Enroll {
            partition: node(),
            source,
        })?;
    }
    Ok(())
}

/// A recovery key as people type it: spaces in place of `-`, capital letters.
fn typed(text: &str) -> Option<String> {
    let letters: Vec<char> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let groups: Vec<String> = letters.chunks(8).map(String::from_iter).collect();
    Some(groups.join("-")).filter(|key| sealing::is_recovery_key(key))
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
