//! What the machine starts from next: its disk, though the stick may still be in it.
//!
//! Firmware that prefers sticks would start the stick again, and a machine nobody stands at would wait for ever. So the firmware is
//! asked to start the disk once. When the machine is back at the stick too often, its disk does not start: then a person is waited for.

use crate::boot_menu::{self, NEXT, VENDOR, Variable};
use disk::gpt;
use disk::layout::PartitionRole;
use formats::fat;
use host::efi_variable::{self, ATTRIBUTES};
use init_api::{Root, paths};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// Where the kernel shows the firmware's variables.
const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// So often within [`SPAN`] the stick gives the machine to its disk.
const TRIES: usize = 3;
/// Seconds.
const SPAN: u64 = 15 * 60;

/// When the stick gave the machine to its disk, seconds since 1970; on the stick's own state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct HandOvers {
    at: Vec<u64>,
}

/// Why the firmware was not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAsked {
    /// It was asked, and started the stick all the same.
    #[error("the firmware was asked to start the disk, and started the stick")]
    Ignored,
    /// It was asked again and again.
    #[error(
        "the machine came back to the stick {TRIES} times within {} minutes: its disk does not start",
        SPAN / 60
    )]
    ComesBack,
    /// No UEFI, or it takes no variables.
    #[error("the firmware cannot be asked to start the disk: {0}")]
    Cannot(Box<dyn Error + Send + Sync>),
}

/// Asks the firmware to start the disk in `device` next.
///
/// # Errors
/// [`NotAsked`]: the stick has to be pulled out.
pub(crate) fn from_disk(root: &Root, device: &Path) -> Result<(), NotAsked> {
    let variables = root.path(VARIABLES);
    let is_set = variables.join(format!("{NEXT}-{VENDOR}")).exists();
    let record = root.path(paths::HAND_OVERS);
    // One that cannot be read is none.
    let past: HandOvers = init_api::load(&record).unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let next = hand_over(&past, now.unwrap_or_default().as_secs(), is_set)?;
    ask(&variables, device).map_err(NotAsked::Cannot)?;
    // Not written, it only means that the count begins anew.
    let _ = init_api::store(&record, &next);
    Ok(())
}

/// The record after one more, or why there is none.
fn hand_over(past: &HandOvers, now: u64, is_set: bool) -> Result<HandOvers, NotAsked> {
    if is_set {
        return Err(NotAsked::Ignored);
    }
    let recent = |at: &u64| *at <= now && now - *at < SPAN;
    let mut at: Vec<u64> = past.at.iter().copied().filter(recent).collect();
    if at.len() >= TRIES {
        return Err(NotAsked::ComesBack);
    }
    at.push(now);
    Ok(HandOvers { at })
}

fn ask(variables: &Path, device: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let found = read(variables)?;
    let entry = entry_of(device)?;
    let writes = boot_menu::plan(&found, &entry)?;
    for Variable { name, content } in writes {
        let file = efi_variable::with_attributes(content);
        efi_variable::write(variables, &format!("{name}-{VENDOR}"), &file)?;
    }
    Ok(())
}

/// The menu's entry for what is installed on `device`.
fn entry_of(device: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let file = File::open(device)?;
    let table = gpt::current(&file, crate::device::geometry(&file)?)?;
    let boot = table.role(PartitionRole::Boot);
    let boot = boot.ok_or("the disk has no boot partition")?;
    let extent = table.extent(boot);
    let volume = fat::open_at(file, extent.offset, extent.size)?;
    let loader = volume.list()?.into_iter().find(|entry| {
        let path = entry.path.to_ascii_uppercase();
        path.starts_with("EFI/BOOT/BOOT") && path.ends_with(".EFI")
    });
    let loader = loader.ok_or("its boot partition has no boot loader")?;
    Ok(boot_menu::entry(boot, &loader.path))
}

/// The variables of the boot menu.
fn read(variables: &Path) -> io::Result<Vec<Variable>> {
    let mut found = Vec::new();
    for file in fs::read_dir(variables)? {
        let name = file?.file_name();
        let own = name.to_str().and_then(|name| name.strip_suffix(VENDOR));
        let own = own.and_then(|name| name.strip_suffix('-'));
        let Some(name) = own.filter(|name| name.starts_with("Boot")) else {
            continue;
        };
        let content = fs::read(variables.join(format!("{name}-{VENDOR}")))?;
        found.push(Variable {
            name: name.to_owned(),
            content: content.get(ATTRIBUTES.len()..).unwrap_or(&[]).to_vec(),
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{HandOvers, NotAsked, SPAN, hand_over, read};
    use std::fs;

    #[test]
    fn a_machine_that_comes_back_again_and_again_waits_for_a_person() {
        let mut record = HandOvers::default();
        for now in [1000, 1060, 1120] {
            record = hand_over(&record, now, false).expect("asked");
        }
        let refused = hand_over(&record, 1180, false).expect_err("three times");
        assert!(matches!(refused, NotAsked::ComesBack), "{refused}");
        assert!(refused.to_string().contains("3 times within 15 minutes"));
        // A stick that stays in for months gives the machine back at each of its starts.
        let later = hand_over(&record, 1120 + SPAN, false).expect("long ago");
        assert_eq!(later.at, [1120 + SPAN]);
        // A clock that was set back.
        let earlier = hand_over(&record, 10, false).expect("not in the past");
        assert_eq!(earlier.at, [10]);
        let ignored = hand_over(&HandOvers::default(), 1000, true).expect_err("still set");
        assert!(matches!(ignored, NotAsked::Ignored), "{ignored}");
    }

    #[test]
    fn only_variables_of_the_menu_are_read() {
        let folder = tempfile::tempdir().expect("folder");
        let own = super::VENDOR;
        for (name, content) in [
            (format!("BootOrder-{own}"), &[7, 0, 0, 0, 1, 0][..]),
            (format!("Boot0001-{own}"), &[7, 0, 0, 0, 9]),
            (format!("Boot0002-{own}"), &[7]),
            (format!("SecureBoot-{own}"), &[6, 0, 0, 0, 1]),
            (
                "Boot0003-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f".to_owned(),
                &[7],
            ),
        ] {
            fs::write(folder.path().join(name), content).expect("written");
        }
        let found = read(folder.path()).expect("read");
        let found: Vec<_> = found
            .iter()
            .map(|v| (v.name.as_str(), v.content.as_slice()))
            .collect();
        let expected = [
            ("Boot0001", &[9][..]),
            ("Boot0002", &[]),
            ("BootOrder", &[1, 0]),
        ];
        assert_eq!(found, expected);
    }
}
