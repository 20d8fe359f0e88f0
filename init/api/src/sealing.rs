//! What the initramfs stage and the `holdfast` command must agree on about an encrypted state partition.

use crate::{Root, paths};
use std::fs;
use std::path::PathBuf;

/// The letters of a recovery key, which are where they are on every keyboard: systemd's modhex.
const LETTERS: &str = "cbdefghijklnrtuv";

/// The device by which the kernel lets programs share the machine's TPM 2.0; none where it knows no such TPM.
pub fn tpm(root: &Root) -> Option<PathBuf> {
    let mut all = fs::read_dir(root.path("/sys/class/tpmrm")).ok()?.flatten();
    Some(root.path("/dev").join(all.next()?.file_name()))
}

/// By which options `systemd-cryptenroll` seals a key for every release that is signed by the running one's PCR key.
pub fn options() -> [String; 4] {
    let public = format!("--tpm2-public-key={}", paths::SEALING_KEY);
    let [device, pcrs, signed] = [
        "--tpm2-device=auto",
        "--tpm2-pcrs=",
        "--tpm2-public-key-pcrs=11",
    ]
    .map(str::to_owned);
    [device, pcrs, public, signed]
}

/// Whether a word is a recovery key as `systemd-cryptenroll` prints it: eight groups of eight letters.
pub fn is_recovery_key(word: &str) -> bool {
    let is_group = |group: &str| group.len() == 8 && group.chars().all(|c| LETTERS.contains(c));
    word.split('-').count() == 8 && word.split('-').all(is_group)
}

#[cfg(test)]
mod tests {
    use super::tpm;
    use crate::Root;
    use std::fs;

    #[test]
    fn a_machine_without_a_tpm_has_no_device() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(tpm(&root), None);
        fs::create_dir_all(folder.path().join("sys/class/tpmrm/tpmrm0")).expect("folder");
        assert_eq!(tpm(&root), Some(folder.path().join("dev/tpmrm0")));
    }
}
