//! Damaged copies, and headers that lie.

use crate::flashed::{DISK, SECTORS, flashed};
use disk::gpt::{Copies, Damage, ReadError, current, read};
use disk::{Geometry, Sector, Store};

#[test]
fn either_damaged_copy_is_made_whole_from_the_other() {
    for sector in SECTORS {
        let disk = flashed(sector);
        let (table, _) = disk.boot(0);
        let unit = sector.bytes();
        let array = (128 * 128) / unit;
        for (case, offset) in [
            ("primary header", unit),
            ("primary entries", 2 * unit),
            ("backup header", DISK - unit),
            ("backup entries", DISK - (array + 1) * unit),
        ] {
            disk.damage(offset);
            assert_eq!(disk.boot(7), (table.clone(), Vec::new()), "{case}");
            disk.assert_judged_good();
        }
        disk.damage(unit);
        disk.damage(DISK - unit);
        let Copies { primary, backup } = read(&disk.open(), disk.geometry());
        assert_eq!(
            (primary, backup),
            (Err(Damage::Signature), Err(Damage::Signature))
        );
    }
}

#[test]
fn an_image_for_other_sectors_says_so() {
    for (made, read_as) in [
        (Sector::Bytes512, Sector::Bytes4096),
        (Sector::Bytes4096, Sector::Bytes512),
    ] {
        let disk = flashed(made);
        let geometry = Geometry::new(read_as, DISK);
        let error = current(&disk.open(), geometry).expect_err("not this disk's");
        let ReadError { primary, .. } = &error;
        assert_eq!(
            *primary,
            Damage::OtherSector {
                table: made.bytes(),
                disk: read_as.bytes()
            }
        );
        assert!(error.to_string().starts_with(&format!(
            "no usable partition table; at the start: the table was made for sectors of {} bytes, this disk has sectors of {}",
            made.bytes(),
            read_as.bytes()
        )));
    }
}

#[test]
fn a_header_that_lies_is_refused_without_panic() {
    for sector in SECTORS {
        let disk = flashed(sector);
        let mut header = vec![0; 92];
        disk.open()
            .read_at(sector.bytes(), &mut header)
            .expect("read");
        for (case, at, value) in [
            ("huge number of entries", 80, u32::MAX),
            ("odd size of entries", 84, 77),
            ("own place", 24, 9),
            ("backup beyond the disk", 36, u32::MAX),
            ("array beyond the disk", 76, u32::MAX),
            ("first usable inside the table", 40, 1),
        ] {
            let mut lying = header.clone();
            lying[at..at + 4].copy_from_slice(&value.to_le_bytes());
            lying[16..20].copy_from_slice(&[0; 4]);
            let crc = crc32fast::hash(&lying);
            lying[16..20].copy_from_slice(&crc.to_le_bytes());
            let mut copy = disk.open();
            copy.write_at(sector.bytes(), &lying).expect("write");
            assert!(read(&copy, disk.geometry()).primary.is_err(), "{case}");
        }
    }
}
