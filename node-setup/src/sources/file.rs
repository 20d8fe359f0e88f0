//! Reading a source.

use std::io::Read;
use std::path::Path;

/// Not more than this is read of any source; os-config refuses far smaller ones with a message of its own.
const MOST_READ: u64 = 8 << 20;

/// The file's bytes, at most [`MOST_READ`]; `None` when it is not there or, with a note, cannot be read.
pub(crate) fn read(path: &Path, notes: &mut Vec<String>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let done =
        std::fs::File::open(path).and_then(|file| file.take(MOST_READ).read_to_end(&mut bytes));
    match done {
        Ok(_) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            notes.push(format!("cannot read {}: {error}", path.display()));
            None
        }
    }
}
