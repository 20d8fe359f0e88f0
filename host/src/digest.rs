//! SHA-256 in lower-case hexadecimal digits, the one digest that we use to tell contents apart.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Digest of bytes.
pub fn of_bytes(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

/// Digest of bytes, as bytes: for those who write it in another alphabet.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes.as_ref()).into()
}

/// Digest of a file's content, in constant memory.
///
/// # Errors
/// The file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    of_stream(&mut File::open(path)?)
}

/// Digest of all that `content` gives, in constant memory.
///
/// # Errors
/// What reading fails with.
pub fn of_stream(content: &mut dyn Read) -> io::Result<String> {
    sha256_of_stream(content).map(|digest| hex(&digest))
}

/// Digest of a file's content in constant memory, as bytes.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of_file(path: &Path) -> io::Result<[u8; 32]> {
    sha256_of_stream(&mut File::open(path)?)
}

fn sha256_of_stream(content: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_bytes, of_file, of_stream};
    use std::process::Command;

    #[test]
    fn as_sha256sum_says() {
        let folder = tempfile::tempdir().expect("folder");
        for length in [0, 3, 65_535, 65_536, 200_001] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let path = folder.path().join("content");
            std::fs::write(&path, &bytes).expect("written");
            let judge = Command::new("sha256sum").arg(&path).output().expect("runs");
            let expected = String::from_utf8_lossy(&judge.stdout)[..64].to_owned();
            assert_eq!(of_bytes(&bytes), expected, "{length} bytes");
            assert_eq!(of_file(&path).expect("readable"), expected, "{length}");
            let streamed = of_stream(&mut &bytes[..]).expect("memory");
            assert_eq!(streamed, expected, "{length}");
        }
    }
}
