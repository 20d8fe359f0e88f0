//! What only the kernel's log says: it is read to its end at each look, without waiting.

use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A record is never longer (`PRINTK_MESSAGE_MAX`, with room for its head and its dictionary).
const RECORD: usize = 8192;
/// Of the driver `raspberrypi-hwmon`.
const UNDER_VOLTAGE: &str = "Undervoltage detected!";
/// Disks that nobody put a system on: an empty drive fails as well.
const NO_DISKS: [&str; 5] = ["fd", "sr", "loop", "ram", "nbd"];

/// The log, and what was counted in it.
#[derive(Debug, Default)]
pub(super) struct KernelLog {
    open: Option<File>,
    under_voltages: u64,
    disk_errors: BTreeMap<String, u64>,
}

impl KernelLog {
    /// Counts what came since the last look. A machine whose log cannot be read says nothing.
    pub(super) fn read(&mut self, path: &Path) {
        if self.open.is_none() {
            let flags = OFlags::NONBLOCK.bits() as i32;
            let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
            self.open = opened.ok();
        }
        let mut record = [0; RECORD];
        while let Some(file) = &mut self.open {
            match file.read(&mut record) {
                Ok(0) => return,
                Ok(length) => String::from_utf8_lossy(&record[..length])
                    .lines()
                    .for_each(|line| self.count(line)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Records that were overwritten before they were read: the next one is there.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(_) => self.open = None,
            }
        }
    }

    /// How often the supply was too weak.
    pub(super) fn under_voltages(&self) -> u64 {
        self.under_voltages
    }

    /// How often each disk did not read or write.
    pub(super) fn disk_errors(&self) -> &BTreeMap<String, u64> {
        &self.disk_errors
    }

    /// A line is `level,number,time,flags;text`.
    fn count(&mut self, line: &str) {
        let text = line.split_once(';').map_or(line, |(_, text)| text);
        if text.contains(UNDER_VOLTAGE) {
            self.under_voltages += 1;
        }
        // `I/O error, dev mmcblk0, sector 8 op 0x1:(WRITE) …`, `critical medium error, dev sda, sector …`
        let after = text.split_once(" error, dev ").map(|(_, after)| after);
        let disk = after.and_then(|after| after.split_once(", sector "));
        if let Some((disk, _)) = disk
            && !NO_DISKS.iter().any(|prefix| disk.starts_with(prefix))
        {
            *self.disk_errors.entry(disk.to_owned()).or_default() += 1;
        }
    }
}
