//! How far the kernel reads ahead in the root, on a machine with little memory.
//!
//! It takes that from the disk, which may ask for much: bridges from USB to SATA for 32 MiB and more (`optimal_io_size`, twice that is read,
//! `blk_apply_bdi_limits` in block/blk-settings.c). Each page of a program that was thrown out of memory then brings megabytes around it,
//! which throw out the next. A file keeps what was in force when it was opened, so this comes before the root is mounted.

use std::fs;
use std::io;
use std::path::Path;

/// A machine with less memory, in bytes, throws programs out of it.
const LITTLE: u64 = 3 << 29;
/// In KiB: what the kernel reads ahead where a disk asks for nothing.
const USUAL: u64 = 128;

/// Limits it for `device`, a name below `/dev`. A disk that asks for less is left alone.
pub(super) fn limit(sys: &Path, device: &str, memory: u64) -> io::Result<()> {
    let file = sys.join("block").join(device).join("queue/read_ahead_kb");
    if memory >= LITTLE {
        return Ok(());
    }
    let now = fs::read_to_string(&file)?.trim().parse();
    if now.is_ok_and(|now: u64| now <= USUAL) {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    fs::write(&file, USUAL.to_string())
}

#[cfg(test)]
mod tests {
    use super::limit;
    use std::fs;

    #[test]
    fn only_where_memory_is_little_and_the_disk_asks_for_much() {
        let sys = tempfile::tempdir().expect("folder");
        let queue = sys.path().join("block/dm-0/queue");
        fs::create_dir_all(&queue).expect("folder");
        let file = queue.join("read_ahead_kb");
        for (mib, asked, expected) in [
            (871, "8192\n", "128"),
            (871, "64\n", "64\n"),
            (1967, "8192\n", "8192\n"),
        ] {
            fs::write(&file, asked).expect("written");
            limit(sys.path(), "dm-0", mib << 20).expect("set");
            let now = fs::read_to_string(&file).expect("read");
            assert_eq!(now, expected, "{mib} MiB, {asked:?}");
        }
        assert!(limit(sys.path(), "dm-1", 871 << 20).is_err());
    }
}
