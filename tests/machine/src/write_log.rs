//! What a disk holds after its power went: everything that was flushed, and of the rest what chance leaves.
//!
//! QEMU's `blklogwrites` driver records each write, discard and flush in order, in the format of the kernel's
//! `dm-log-writes` target (Documentation/admin-guide/device-mapper/log-writes.rst): a superblock in the first sector,
//! then for each entry a sector of its own and the sectors that were written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::FallocateFlags;

use crate::{Error, Result};

/// The superblock's first word, the letters `jsfwshr`.
const MAGIC: u64 = 0x006a_7366_7773_6872;
/// Bits of an entry's flags.
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
/// What a device writes whole or not at all, in bytes.
const SECTOR: u64 = 512;
/// What is copied at a time, in bytes.
const PIECE: usize = 1024 * 1024;

/// What became of the writes that were not flushed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    /// On the disk all the same.
    pub kept: u64,
    /// Only their beginning is on the disk.
    pub torn: u64,
    /// Gone.
    pub lost: u64,
}

/// A recorded request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it goes on the disk, in bytes.
    to: u64,
    /// Its length in bytes.
    length: u64,
    /// Where its data are in the log, in bytes.
    data: u64,
    /// Where it ends in the log, in bytes.
    pub(crate) end: u64,
    flags: u64,
}

/// How many entries were on the disk for certain when the last of `entries` had come.
pub(crate) fn flushed(entries: &[Entry]) -> usize {
    let last = entries.iter().rposition(|entry| entry.flags & FLUSH != 0);
    last.map_or(0, |last| last + 1)
}

/// Applies these entries of the log to `disk`.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn apply_all(log: &File, entries: &[Entry], disk: &Path) -> Result<()> {
    let target = open_disk(disk)?;
    for entry in entries {
        apply(log, &target, entry, entry.length).map_err(Error::file("write", disk))?;
    }
    Ok(())
}

/// Applies of these entries what `draw` leaves.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn apply_by_chance(
    log: &File,
    entries: &[Entry],
    disk: &Path,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Result<Loss> {
    let target = open_disk(disk)?;
    let mut loss = Loss::default();
    for entry in entries {
        // Sectors that stay are cut off in whole ones.
        let sectors = entry.length / SECTOR;
        let stays = if entry.flags & FUA != 0 {
            sectors
        } else {
            fate(sectors, draw, &mut loss)
        };
        apply(log, &target, entry, stays * SECTOR).map_err(Error::file("write", disk))?;
    }
    Ok(loss)
}

fn open_disk(disk: &Path) -> Result<File> {
    let file = File::options().write(true).open(disk);
    file.map_err(Error::file("open", disk))
}

/// How many of a write's sectors stay, though nobody flushed them.
fn fate(sectors: u64, draw: &mut dyn FnMut(u64) -> u64, loss: &mut Loss) -> u64 {
    match draw(3) {
        0 => {
            loss.kept += 1;
            sectors
        }
        1 if sectors > 1 => {
            loss.torn += 1;
            1 + draw(sectors - 1)
        }
        _ => {
            loss.lost += 1;
            0
        }
    }
}

/// The entries of a log that are whole, in order. There may be more behind a hole: QEMU counts an entry before it writes it, and
/// entries that are under way side by side need not arrive in order.
///
/// # Errors
/// [`Error::WriteLog`] when it is none; otherwise when it cannot be read.
pub(crate) fn entries(file: &File, log: &Path) -> Result<Vec<Entry>> {
    let bad = |why: String| Error::WriteLog {
        log: log.to_owned(),
        why,
    };
    let read = |at: u64| {
        let mut words = [0; 32];
        file.read_exact_at(&mut words, at)
            .map_err(Error::file("read", log))?;
        let word =
            |index: usize| u64::from_le_bytes(std::array::from_fn(|byte| words[index * 8 + byte]));
        Ok([word(0), word(1), word(2), word(3)])
    };
    let end = file.metadata().map_err(Error::file("read", log))?.len();
    // QEMU counts nothing before the first write has arrived.
    let head = if end < SECTOR { [0; 4] } else { read(0)? };
    if head == [0; 4] {
        return Ok(Vec::new());
    }
    let [magic, version, count, sizes] = head;
    if magic != MAGIC || version != 1 {
        return Err(bad(format!("it begins with {magic:#x}, {version}")));
    }
    if sizes & 0xffff_ffff != SECTOR {
        return Err(bad(format!("its sectors have {sizes} bytes")));
    }
    let mut at = SECTOR;
    let mut found = Vec::new();
    for _ in 0..count {
        if at + SECTOR > end {
            break;
        }
        let [sector, sectors, flags, length] = read(at)?;
        if (sectors, flags) == (0, 0) {
            break;
        }
        let mut entry = Entry {
            to: sector * SECTOR,
            length: sectors * SECTOR,
            data: at + SECTOR,
            end: 0,
            flags,
        };
        let stored = if flags & DISCARD != 0 {
            0
        } else {
            entry.length
        };
        if length != 0 && length != stored {
            return Err(bad(format!("entry {} is inconsistent", found.len())));
        }
        at = entry.data + stored;
        if at > end {
            break;
        }
        entry.end = at;
        found.push(entry);
    }
    Ok(found)
}

/// Writes the first `length` bytes of an entry to the disk. A discarded range reads as zeroes.
fn apply(log: &File, disk: &File, entry: &Entry, length: u64) -> io::Result<()> {
    if entry.flags & DISCARD != 0 {
        if length > 0 {
            let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            rustix::fs::fallocate(disk, hole, entry.to, length)?;
        }
        return Ok(());
    }
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while done < length {
        let part = usize::try_from(length - done).map_or(PIECE, |left| left.min(PIECE));
        log.read_exact_at(&mut buffer[..part], entry.data + done)?;
        disk.write_all_at(&buffer[..part], entry.to + done)?;
        done += part as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    const DISK: usize = 1024 * 1024;

    /// Applies the log to `disk`, which is as it was when the log was begun, and loses what `draw` says.
    fn replay(log: &Path, disk: &Path, draw: &mut dyn FnMut(u64) -> u64) -> Result<Loss> {
        let file = File::open(log).map_err(Error::file("open", log))?;
        let entries = entries(&file, log)?;
        let (flushed, rest) = entries.split_at(flushed(&entries));
        apply_all(&file, flushed, disk)?;
        apply_by_chance(&file, rest, disk, draw)
    }

    /// A log that QEMU has written, killed behind the last of `commands`.
    fn recorded(folder: &Path, commands: &[&str]) -> std::path::PathBuf {
        for (name, size) in [("disk", DISK as u64), ("log", 0)] {
            File::create(folder.join(name))
                .unwrap()
                .set_len(size)
                .unwrap();
        }
        let disk = "driver=blklogwrites,file.driver=raw,file.file.driver=file,file.file.filename=disk,log.driver=file,log.filename=log,log-super-update-interval=1";
        let mut qemu = Command::new("qemu-io");
        qemu.current_dir(folder).args(["--image-opts", disk]);
        for command in commands {
            qemu.args(["-c", command]);
        }
        qemu.args(["-c", "sigraise 9"]).stdout(Stdio::null());
        let status = qemu.status().unwrap();
        assert!(!status.success(), "{status}");
        folder.join("log")
    }

    #[test]
    fn what_is_flushed_stays_and_the_rest_is_left_to_chance() {
        let commands = [
            "write -P 1 0 4096",
            "write -P 2 4096 4096",
            "discard 4096 4096",
            "flush",
            "write -P 3 8192 4096",
        ];
        for (drawn, sectors, loss) in [
            (vec![0], 8, (1, 0, 0)),
            (vec![1, 2], 3, (0, 1, 0)),
            (vec![2], 0, (0, 0, 1)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let log = recorded(folder.path(), &commands);
            let disk = folder.path().join("replayed");
            std::fs::write(&disk, vec![9; DISK]).unwrap();
            let mut numbers = drawn.iter().copied();
            let found = replay(&log, &disk, &mut |_| numbers.next().unwrap()).unwrap();
            assert_eq!((found.kept, found.torn, found.lost), loss);
            let after = std::fs::read(&disk).unwrap();
            let mut expected = vec![9; DISK];
            expected[..4096].fill(1);
            expected[4096..8192].fill(0);
            expected[8192..8192 + sectors * 512].fill(3);
            assert!(after == expected, "drawn {drawn:?}");
        }
    }

    #[test]
    fn an_entry_that_was_counted_and_not_written_is_the_end() {
        let commands = ["write -P 1 0 4096", "write -P 3 8192 4096"];
        let folder = tempfile::tempdir().unwrap();
        let log = recorded(folder.path(), &commands);
        let disk = folder.path().join("replayed");
        std::fs::write(&disk, vec![9; DISK]).unwrap();
        let file = File::options().write(true).open(&log).unwrap();
        let second = SECTOR + SECTOR + 4096;
        file.set_len(second + SECTOR + 512).unwrap();
        let found = replay(&log, &disk, &mut |_| 2).unwrap();
        assert_eq!(found.lost, 1);
        file.write_all_at(&[0; 512], second).unwrap();
        file.set_len(second + SECTOR + 4096).unwrap();
        let found = replay(&log, &disk, &mut |_| 2).unwrap();
        assert_eq!(found.lost, 1, "what is behind the hole is not known");
    }

    #[test]
    fn a_log_without_a_write_takes_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let (log, disk) = (folder.path().join("log"), folder.path().join("disk"));
        std::fs::write(&disk, [9; 512]).unwrap();
        for begun in [vec![], vec![0; 1024]] {
            std::fs::write(&log, begun).unwrap();
            let found = replay(&log, &disk, &mut |_| 2).unwrap();
            assert_eq!(found, Loss::default());
        }
        assert_eq!(std::fs::read(&disk).unwrap(), [9; 512]);
    }

    #[test]
    fn what_is_no_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (log, disk) = (folder.path().join("log"), folder.path().join("disk"));
        std::fs::write(&disk, [0; 512]).unwrap();
        std::fs::write(&log, [7; 1024]).unwrap();
        let error = replay(&log, &disk, &mut |_| 0).unwrap_err().to_string();
        assert!(error.contains("begins with 0x707070707070707"), "{error}");
    }
}
