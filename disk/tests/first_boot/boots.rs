//! What boots make of a table.

use crate::flashed::{DISK, MIB, SECTORS, flashed, places};
use disk::gpt::write;
use disk::layout::{Change, PartitionRole, format_done, plan};

#[test]
fn the_first_boot_completes_the_table_and_the_second_leaves_it() {
    for sector in SECTORS {
        let disk = flashed(sector);
        let flashed = disk.table();
        let (table, changes) = disk.boot(0);
        assert_eq!(
            changes,
            [Change::MoveBackup, Change::AddRootB, Change::AddState]
        );
        disk.assert_judged_good();
        let names: Vec<_> = places(&table).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["boot", "CONFIG", "root-a", "root-b", "state-new"]);
        let role = |role| table.role(role).expect("it is there");
        let (a, b) = (role(PartitionRole::RootA), role(PartitionRole::RootB));
        assert_eq!(table.extent(a).size, table.extent(b).size);
        assert_eq!(a.type_guid, b.type_guid);
        for partition in &table.partitions {
            assert_eq!(table.extent(partition).offset % MIB, 0, "{partition:?}");
        }
        assert_ne!(
            table.disk_guid, flashed.disk_guid,
            "two cards of one image must be two disks"
        );
        for (new, old) in table.partitions.iter().zip(&flashed.partitions) {
            assert_ne!(new.guid, old.guid);
        }
        let done = format_done(&table).expect("state-new becomes state");
        write(&mut disk.open(), &done).expect("written");
        disk.assert_judged_good();
        assert_eq!(disk.boot(100), (done.clone(), Vec::new()));
        assert_eq!(format_done(&done), None, "never formatted twice");
    }
}

#[test]
fn a_grown_disk_grows_state() {
    for sector in SECTORS {
        let disk = flashed(sector);
        let (before, _) = disk.boot(0);
        disk.open().set_len(DISK + 500 * MIB).expect("grow");
        let (after, changes) = disk.boot(0);
        assert_eq!(changes, [Change::MoveBackup, Change::GrowState]);
        disk.assert_judged_good();
        let end = |table: &disk::gpt::Table| table.find("state-new").expect("state").last_lba;
        assert_eq!(end(&after) - end(&before), 500 * MIB / sector.bytes());
        assert_eq!(after.disk_guid, before.disk_guid);
    }
}

#[test]
fn a_small_disk_is_refused_before_anything_is_written() {
    for sector in SECTORS {
        let disk = flashed(sector);
        disk.open().set_len(600 * MIB).expect("size");
        let sectors = disk.geometry().sectors;
        let error = plan(&disk.table(), sectors, || [1; 16]).expect_err("too small");
        assert_eq!(
            error.to_string(),
            "the disk is too small: 554 MiB are left for state, 1024 MiB are needed"
        );
    }
}

#[test]
fn a_lost_partitions_number_is_left_for_it() {
    let disk = flashed(SECTORS[0]);
    let mut table = disk.table();
    table.partitions.retain(|p| p.name != "CONFIG");
    write(&mut disk.open(), &table).expect("written");
    let (table, _) = disk.boot(0);
    let numbers: Vec<_> = table.partitions.iter().map(|p| p.number).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    disk.assert_judged_good();
}
