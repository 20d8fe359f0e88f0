//! The header of an encrypted partition, with its key slots.

use super::super::error::StateError;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where a LUKS2 header and its copy begin, with the sizes that `cryptsetup` takes: `LUKS2 On-Disk Format Specification`, 2.1.
const MAGIC: [(u64, &[u8; 6]); 2] = [(0, b"LUKS\xba\xbe"), (0x4000, b"SKUL\xba\xbe")];
/// Headers and key slots.
const HEADERS: usize = 16 << 20;

/// Whether the partition has a header, or the copy of one.
pub(in super::super) fn has_header(node: &Path) -> Result<bool, StateError> {
    let read = || {
        let device = File::open(node)?;
        for (at, magic) in MAGIC {
            let mut found = [0; 6];
            match device.read_exact_at(&mut found, at) {
                Ok(()) if found == *magic => return Ok(true),
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
                _ => {}
            }
        }
        Ok(false)
    };
    read().map_err(|source| StateError::Read {
        node: node.into(),
        source,
    })
}

/// Overwrites headers and key slots: what was encrypted with them can be read by nobody any more.
pub(in super::super) fn erase(node: &Path) -> Result<(), StateError> {
    let erase = || {
        let mut device = File::options().write(true).open(node)?;
        device.write_all(&vec![0; HEADERS])?;
        device.sync_all()
    };
    erase().map_err(|source| StateError::Flush {
        node: node.into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::{HEADERS, erase, has_header};
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_header_or_its_copy_is_seen_and_erased() {
        let folder = tempfile::tempdir().expect("folder");
        let node = folder.path().join("state");
        let file = File::create_new(&node).expect("a file");
        for (size, at, bytes, expected) in [
            (0, 0, &b""[..], false),
            (32 << 20, 0, b"", false),
            (32 << 20, 0, b"LUKS\xba\xbe\0\x02", true),
            (32 << 20, 0x4000, b"SKUL\xba\xbe\0\x02", true),
            (32 << 20, 0, b"SKUL\xba\xbe\0\x02", false),
        ] {
            file.set_len(0)
                .and_then(|()| file.set_len(size))
                .expect("sparse");
            file.write_all_at(bytes, at).expect("written");
            assert_eq!(
                has_header(&node).expect("read"),
                expected,
                "{bytes:?} at {at}"
            );
        }
        file.write_all_at(b"LUKS\xba\xbe", 0).expect("written");
        file.write_all_at(b"data", HEADERS as u64).expect("written");
        erase(&node).expect("erased");
        assert!(!has_header(&node).expect("read"));
        let mut data = [0; 4];
        file.read_exact_at(&mut data, HEADERS as u64).expect("read");
        assert_eq!(&data, b"data", "no more than that");
    }
}
