//! The booted disk's table: mended, completed at first boot, grown with the disk.

use super::Failure;
use crate::disk::{Disk, Table, format_done, mend, plan, read, write};
use crate::report::Log;

/// Brings the disk's table into its final form and makes the kernel see it.
pub(super) fn settle(disk: &Disk, log: &Log) -> Result<Table, Failure> {
    let mut file = disk.open(true)?;
    let (sector, sectors) = disk.geometry(&file)?;
    let copies = read(&file, sector, sectors);
    let (table, mended) = mend(&mut file, copies, sectors)?;
    if mended {
        log.line(&format!(
            "a damaged copy of the partition table of {} was made whole",
            disk.node.display()
        ));
    }
    let plan = plan(&table, sectors, random)?;
    if !plan.changes.is_empty() {
        log.line(&format!(
            "partition table of {}: {:?}",
            disk.node.display(),
            plan.changes
        ));
        write(&mut file, &plan.table)?;
    }
    if mended || !plan.changes.is_empty() {
        let failure = |source| Failure::Reread {
            disk: disk.node.display().to_string(),
            source,
        };
        sys::block::reread_table(&file).map_err(failure)?;
    }
    Ok(plan.table)
}

/// Notes in the table that the state partition has been formatted. The kernel need not know: only the name changes.
pub(super) fn note_format_done(disk: &Disk, table: &Table) -> Result<Table, Failure> {
    let Some(done) = format_done(table) else {
        return Ok(table.clone());
    };
    let mut file = disk.open(true)?;
    write(&mut file, &done)?;
    Ok(done)
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        // Fails only when interrupted before the kernel's generator is seeded; then it is asked again.
        filled +=
            rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())
                .unwrap_or(0);
    }
    bytes
}
