//! Volumes that are damaged.

use super::*;
use proptest::prelude::*;

#[test]
fn damage_is_found_and_named() {
    // FAT16 with 2 KiB clusters: reserved sectors, two tables, root directory.
    let good = filled(&config(), 16 * MIB);
    let reserved = usize::from(u16::from_le_bytes([good[14], good[15]])) * 512;
    let table_size = usize::from(u16::from_le_bytes([good[22], good[23]])) * 512;
    let root = reserved + 2 * table_size;
    let slot = |name: &[u8; 11]| {
        root + good[root..]
            .chunks(32)
            .position(|s| s.starts_with(name))
            .unwrap()
            * 32
    };
    let efi = slot(b"EFI        ");
    let cases: [(&str, usize, &[u8], &str); 9] = [
        ("no boot sector", 510, &[0], "no boot sector"),
        (
            "sector size",
            11,
            &[0, 3],
            "the boot sector says bytes per sector 768",
        ),
        (
            "cluster size",
            13,
            &[3],
            "the boot sector says sectors per cluster 3",
        ),
        (
            "longer than the disk",
            19,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "the boot sector says number of sectors",
        ),
        (
            "table too short",
            22,
            &[1, 0],
            "the boot sector says sectors per table 1",
        ),
        (
            "link to 1",
            reserved + 8,
            &[1, 0],
            "cluster 4 is followed by 1, which does not exist",
        ),
        (
            "link to itself",
            reserved + 8,
            &[4, 0],
            "two files share cluster 4",
        ),
        (
            "start at 1",
            efi + 26,
            &[1, 0],
            "a file begins at cluster 1, which does not exist",
        ),
        (
            "start at a free one",
            efi + 26,
            &[0, 0x10],
            "cluster 4096 of a file is free",
        ),
    ];
    for (name, at, bytes, message) in cases {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        let error = open(Cursor::new(bad)).expect_err(name);
        assert_eq!(
            error.to_string(),
            "there is no whole FAT file system; `fsck.fat` may repair it",
            "{name}"
        );
        let Error::Damaged(damage) = error else {
            panic!("{name}: {error:?}")
        };
        assert!(damage.to_string().starts_with(message), "{name}: {damage}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_volumes_never_panic(edits in proptest::collection::vec((0_usize..300_000, any::<u8>()), 1..40)) {
        let mut image = filled(&config(), 16 * MIB);
        for (at, value) in edits {
            image[at] = value;
        }
        if let Ok(volume) = open(Cursor::new(image)) {
            let _ = volume.list();
            let _ = volume.read_file("config.yaml", 1 << 20);
        }
    }
}
