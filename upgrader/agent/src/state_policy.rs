//! Whether a release can open the encrypted state partition of this node: the TPM gives the key to UKIs that carry a policy signed by
//! the key that the node's state was sealed for, and that key stands in them.

use anyhow::{Context, bail};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// So many bytes are in memory at once.
const PIECE: usize = 1 << 20;

/// Refuses a UKI that could not open the state that is sealed for `key`, a file.
///
/// # Errors
/// It is signed by another key, or by none, or cannot be read.
pub(crate) fn check(key: &Path, uki: &Path) -> anyhow::Result<()> {
    let read = fs::read(key);
    let key = read.with_context(|| format!("cannot read {}", key.display()))?;
    if !holds(File::open(uki)?, &key)? {
        bail!(
            "this node's state is encrypted, and the release is not signed by the key that it is sealed for: it could not open it. Build its \
             images with the `--pcr-key` of the release that runs"
        );
    }
    Ok(())
}

/// Whether `wanted` stands somewhere in it.
fn holds(mut file: impl Read, wanted: &[u8]) -> io::Result<bool> {
    let overlap = wanted.len().saturating_sub(1);
    let mut window = Vec::with_capacity(overlap + PIECE);
    loop {
        let kept = window.len().min(overlap);
        window.drain(..window.len() - kept);
        if file.by_ref().take(PIECE as u64).read_to_end(&mut window)? == 0 {
            return Ok(false);
        }
        if window
            .windows(wanted.len().max(1))
            .any(|part| part == wanted)
        {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, holds};

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let key = b"-----BEGIN PUBLIC KEY-----\nMIIB\n";
        for at in [0, 1, PIECE - key.len(), PIECE - 5, PIECE, 2 * PIECE + 7] {
            let mut file = vec![b'-'; 3 * PIECE];
            file[at..at + key.len()].copy_from_slice(key);
            assert!(holds(&file[..], key).expect("read"), "at {at}");
            file[at + 8] ^= 1;
            assert!(!holds(&file[..], key).expect("read"), "at {at}");
        }
        assert!(!holds(&b""[..], key).expect("read"));
    }
}
