//! What the stub found in the UKI: handed to the programs that open state, and taken away after them.
//!
//! Whoever is root on the running node must not get the key from the TPM: somebody may have put a state of his own in the place of
//! this machine's, and hold that on another disk. So this boot is none that the TPM gives the key to any more, once state is open.

use super::super::error::StateError;
use super::pcr;
use crate::report::Log;
use init_api::{Root, paths, sealing};
use std::fs;
use std::path::Path;

/// Where systemd's programs look for the signature of what was measured.
const SIGNATURE: &str = "/run/systemd/tpm2-pcr-signature.json";

/// Puts what the stub found where programs of the mounted root at `root` find it.
///
/// # Errors
/// `/run` takes no file.
pub(in super::super) fn hand_over(initramfs: &Path, root: &Path) -> Result<(), StateError> {
    for path in [SIGNATURE, paths::SEALING_KEY] {
        let to = root.join(&path[1..]);
        let (Some(folder), Some(name)) = (to.parent(), to.file_name()) else {
            continue;
        };
        let from = initramfs.join(".extra").join(name);
        if from.exists() {
            let copied = fs::create_dir_all(folder).and_then(|()| fs::copy(&from, &to));
            copied.map_err(|source| StateError::Write { path: to, source })?;
        }
    }
    Ok(())
}

/// Ends what [`hand_over`] made possible. A machine without a TPM, or a release without a policy, has nothing to end.
pub(in super::super) fn close(initramfs: &Path, root: &Path, log: &Log) {
    let signature = root.join(&SIGNATURE[1..]);
    if !signature.exists() {
        return;
    }
    let extended = sealing::tpm(&Root::new(initramfs)).map_or(Ok(()), |tpm| pcr::extend(&tpm));
    for done in [extended, fs::remove_file(signature)] {
        if let Err(error) = done {
            log.error(&format!(
                "the TPM gives the key of state in this boot still: {error}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{close, hand_over};
    use crate::report::Log;
    use std::fs;

    #[test]
    fn a_policy_is_handed_over_and_taken_away() {
        let folder = tempfile::tempdir().expect("folder");
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir_all(from.join(".extra")).expect("folder");
        hand_over(&from, &to).expect("nothing to do");
        close(&from, &to, &Log::default());
        assert!(!to.exists());
        for name in ["tpm2-pcr-public-key.pem", "tpm2-pcr-signature.json"] {
            fs::write(from.join(".extra").join(name), name).expect("written");
        }
        hand_over(&from, &to).expect("copied");
        let there = |name: &str| to.join("run/systemd").join(name).exists();
        assert!(there("tpm2-pcr-public-key.pem") && there("tpm2-pcr-signature.json"));
        close(&from, &to, &Log::default());
        assert!(there("tpm2-pcr-public-key.pem") && !there("tpm2-pcr-signature.json"));
    }
}
