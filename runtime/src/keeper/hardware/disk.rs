//! Disks before they die: what they say of their life, what they failed to do, and writes that take too long.

use super::times::times;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Of the eleven steps of an eMMC's life this one means that 80 % are used (JEDEC 84-B51, `DEVICE_LIFE_TIME_EST`).
const OLD: u32 = 9;
/// More than all of it.
const WORN_OUT: u32 = 11;
/// Of its spare blocks 80 % are used (`PRE_EOL_INFO`).
const FEW_SPARES: u32 = 2;
/// A write takes so long on average, in milliseconds.
const SLOW: u64 = 1000;
/// Fewer writes between two looks say nothing.
const ENOUGH: u64 = 4;
/// A pull of a large image makes a good card slow once or twice.
const OFTEN: u64 = 5;

/// What was seen of the disks.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// Writes, and the milliseconds that they took, at the last look.
    writes: BTreeMap<String, (u64, u64)>,
    /// Looks before which writes were slow.
    slow: BTreeMap<String, u64>,
}

impl Disks {
    /// What is wrong with them, of the machine with this root, whose kernel told of so many errors.
    pub(super) fn notes(&mut self, root: &Path, errors: &BTreeMap<String, u64>) -> Vec<String> {
        self.look_at_writes(&root.join("proc/diskstats"));
        let failed = errors.iter().map(|(disk, count)| {
            let count = times(*count);
            format!(
                "the disk {disk} failed {count} to read or write since the start: replace it soon"
            )
        });
        let slow = self.slow.iter().filter(|(_, count)| **count >= OFTEN);
        let slow = slow.map(|(disk, count)| {
            let count = times(*count);
            format!("writes to the disk {disk} took more than a second each, {count} since the start: it may be failing")
        });
        failed.chain(slow).chain(lives(&root.join("sys"))).collect()
    }

    fn look_at_writes(&mut self, table: &Path) {
        for line in fs::read_to_string(table).unwrap_or_default().lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
            // Documentation/admin-guide/iostats.rst: the name is the third, writes the eighth, their time the eleventh field.
            let (Some(name), Some(now)) = (fields.get(2), number(7).zip(number(10))) else {
                continue;
            };
            if !is_whole_disk(name) {
                continue;
            }
            let before = self.writes.insert((*name).to_owned(), now).unwrap_or(now);
            let count = now.0.saturating_sub(before.0);
            let took = now.1.saturating_sub(before.1);
            if count >= ENOUGH && took / count >= SLOW {
                *self.slow.entry((*name).to_owned()).or_default() += 1;
            }
        }
    }
}

/// Partitions and what is made of disks would tell the same once more.
fn is_whole_disk(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if let Some(number) = name.strip_prefix("mmcblk") {
        return is_number(number);
    }
    if let Some((controller, disk)) = name
        .strip_prefix("nvme")
        .and_then(|rest| rest.split_once('n'))
    {
        return is_number(controller) && is_number(disk);
    }
    let letters = name.strip_prefix("sd").or_else(|| name.strip_prefix("vd"));
    letters.is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_lowercase()))
}

/// What eMMCs say of their life; SD cards say nothing.
fn lives(sys: &Path) -> Vec<String> {
    let disks = fs::read_dir(sys.join("block"));
    let disks = disks.into_iter().flatten().flatten();
    let mut names: Vec<String> = disks
        .map(|disk| disk.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("mmcblk") && is_whole_disk(name))
        .collect();
    names.sort();
    let life = |name: &String| {
        let about = |file: &str| numbers(&sys.join("block").join(name).join("device").join(file));
        let used = about("life_time").into_iter().max().unwrap_or(0);
        let spares = about("pre_eol_info").into_iter().max().unwrap_or(0);
        let how = match (used, spares) {
            (WORN_OUT.., _) => "is worn out",
            (_, 3..) => "has no spare blocks left",
            (OLD.., _) => "has used 80 % of its life",
            (_, FEW_SPARES) => "has used 80 % of its spare blocks",
            _ => return None,
        };
        Some(format!(
            "the eMMC {name} {how}, as it says itself: replace it before it fails"
        ))
    };
    names.iter().filter_map(life).collect()
}

/// Hexadecimal numbers, as the driver writes them.
fn numbers(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let number = |word: &str| u32::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    text.split_whitespace().filter_map(number).collect()
}
