use super::*;
use std::io::Cursor;
use std::process::Command;

/// The foreign tools make the volumes; we only read them.
fn made(program: &str, arguments: &[&str], size: u64) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(size).unwrap();
    let done = Command::new(program)
        .args(arguments)
        .arg(file.path())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    std::fs::read(file.path()).unwrap()
}

fn label(bytes: &[u8]) -> String {
    identify(Cursor::new(bytes)).unwrap().unwrap().label
}

/// What is tried, the entries, the label.
type Directory<'a> = (&'a str, &'a [[u8; ENTRY]], Option<&'a str>);
/// What is wrong, options of `mkfs.fat`, size of the volume, where it is overwritten, with what.
type Nonsense<'a> = (&'a str, &'a [&'a str], u64, usize, &'a [u8]);

#[test]
fn volumes_of_the_foreign_tools() {
    let cases: [(&str, &[&str], u64, Kind, &str); 6] = [
        (
            "mkfs.exfat",
            &["-n", "HOLDFAST"],
            64 << 20,
            Kind::ExFat,
            "HOLDFAST",
        ),
        // A cluster of its own for the root directory, behind those of a large volume's map.
        (
            "mkfs.exfat",
            &["-c", "512", "-n", "Läden Süd"],
            300 << 20,
            Kind::ExFat,
            "Läden Süd",
        ),
        ("mkfs.exfat", &["-c", "1M"], 256 << 20, Kind::ExFat, ""),
        (
            "mkfs.fat",
            &["-F", "16", "-n", "CONFIG"],
            16 << 20,
            Kind::Fat,
            "CONFIG",
        ),
        (
            "mkfs.fat",
            &["-F", "32", "-n", "HOLDFAST"],
            64 << 20,
            Kind::Fat,
            "HOLDFAST",
        ),
        (
            "mkfs.ext4",
            &["-q", "-L", "HOLDFAST"],
            8 << 20,
            Kind::Ext,
            "HOLDFAST",
        ),
    ];
    for (program, arguments, size, kind, label) in cases {
        let expected = Volume {
            kind,
            label: label.to_owned(),
            dirty: false,
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), made(program, arguments, size)).unwrap();
        assert_eq!(
            read(file.path()).unwrap(),
            Some(expected),
            "{program} {arguments:?}"
        );
    }
}

#[test]
fn the_root_directory_s_label_counts() {
    const NONE: &[u8; 11] = b"NO NAME    ";
    const BOOT: &[u8; 11] = b"BOOTSECTOR ";
    // mkfs.fat writes both labels, or neither; then the boot sector gets its own.
    let cases: [(&str, &[&str], &[u8; 11], &str); 4] = [
        ("root directory only", &["-n", "HOLDFAST"], NONE, "HOLDFAST"),
        ("boot sector only", &[], BOOT, "BOOTSECTOR"),
        ("both, differing", &["-n", "HOLDFAST"], BOOT, "HOLDFAST"),
        ("neither", &[], NONE, "NO NAME"),
    ];
    let kinds: [(&[&str], u64, usize); 5] = [
        (&["-F", "12"], 2 << 20, 43),
        (&["-F", "16"], 16 << 20, 43),
        (&["-F", "16", "-S", "4096", "-f", "1"], 64 << 20, 43),
        (&["-F", "32", "-s", "1"], 64 << 20, 71),
        (&["-F", "32", "-s", "8", "-R", "64"], 300 << 20, 71),
    ];
    for (kind, size, at) in kinds {
        for (case, name, boot, expected) in cases {
            let mut bytes = made("mkfs.fat", &[kind, name].concat(), size);
            bytes[at..at + 11].copy_from_slice(boot);
            assert_eq!(label(&bytes), expected, "{kind:?}: {case}");
        }
    }
}

/// An entry of a directory.
fn entry(name: &[u8; 11], attributes: u8) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..11].copy_from_slice(name);
    entry[11] = attributes;
    entry
}

#[test]
fn entries_of_a_root_directory() {
    let file = entry(b"CONFIG  YAM", 0x20);
    let long = entry(b"Ac\0o\0n\0f\0i\0", 0x0f);
    let deleted = entry(b"\xe5LD        ", 0x08);
    let folder = entry(b"FOLDER     ", 0x18);
    let end = entry(b"\0          ", 0x08);
    let label = entry(b"HOLDFAST   ", 0x08);
    let archived = entry(b"HOLD FAST  ", 0x28);
    let cases: [Directory<'_>; 8] = [
        ("alone", &[label], Some("HOLDFAST")),
        ("behind files", &[long, file, label], Some("HOLDFAST")),
        ("behind a deleted one", &[deleted, label], Some("HOLDFAST")),
        ("with the archive attribute", &[archived], Some("HOLD FAST")),
        ("behind the end", &[file, end, label], None),
        ("long names, folders", &[long, folder, file], None),
        ("deleted", &[deleted], None),
        ("an empty directory", &[], None),
    ];
    for (case, entries, expected) in cases {
        let found = directory_label(entries.as_flattened());
        assert_eq!(found.as_deref(), expected, "{case}");
    }
    assert_eq!(directory_label(&label[..31]), None, "a torn entry");
}

#[test]
fn nonsense_in_the_boot_sector_leaves_its_own_label() {
    let cases: [Nonsense<'_>; 7] = [
        ("no sector", &["-F", "16"], 16 << 20, 11, &[0, 0]),
        ("an odd sector", &["-F", "16"], 16 << 20, 11, &[1, 2]),
        ("no cluster", &["-F", "16"], 16 << 20, 13, &[0]),
        ("no root directory", &["-F", "16"], 16 << 20, 17, &[0, 0]),
        (
            "tables behind the end",
            &["-F", "16"],
            16 << 20,
            22,
            &[255, 255],
        ),
        (
            "a root before the data",
            &["-F", "32"],
            64 << 20,
            44,
            &[1, 0, 0, 0],
        ),
        (
            "a root behind the end",
            &["-F", "32"],
            64 << 20,
            44,
            &[255; 4],
        ),
    ];
    for (case, kind, size, at, nonsense) in cases {
        let mut bytes = made("mkfs.fat", &[kind, &["-n", "HOLDFAST"]].concat(), size);
        let boot = if kind[1] == "32" { 71 } else { 43 };
        bytes[boot..boot + 11].copy_from_slice(b"BOOTSECTOR ");
        bytes[at..at + nonsense.len()].copy_from_slice(nonsense);
        assert_eq!(label(&bytes), "BOOTSECTOR", "{case}");
    }
}

#[test]
fn garbage_neither_panics_nor_asks_for_much() {
    let volumes: [(&str, &[&str], u64); 3] = [
        ("mkfs.fat", &["-F", "16", "-n", "HOLDFAST"], 16 << 20),
        ("mkfs.fat", &["-F", "32", "-n", "HOLDFAST"], 64 << 20),
        ("mkfs.exfat", &["-n", "HOLDFAST"], 64 << 20),
    ];
    for (program, arguments, size) in volumes {
        let whole = made(program, arguments, size);
        for at in 0..120 {
            for (length, value) in [(1, 0), (1, 0xff), (4, 0xff), (30, 0xff)] {
                let mut head = whole[..HEAD as usize].to_vec();
                head[at..at + length].fill(value);
                let places = [root_directory(&head), exfat::root_directory(&head)];
                let asked = places
                    .into_iter()
                    .flatten()
                    .map(|place| place.end - place.start);
                let asked = asked.max().unwrap_or_default();
                assert!(asked <= 2 << 20, "{value:#x} at {at}: {asked} bytes");
                identify(Cursor::new(&head)).unwrap();
            }
        }
        for length in 0..512 {
            let found = identify(Cursor::new(&whole[..length])).unwrap();
            assert_eq!(found, None, "only {length} bytes");
        }
    }
    assert_eq!(identify(Cursor::new([0xff; 4096])).unwrap(), None);
}

#[test]
fn a_dirty_fat_and_an_empty_disk() {
    for (program, arguments, size, at, bit) in [
        ("mkfs.fat", &["-F", "16"], 16 << 20, 0x25, 1),
        ("mkfs.exfat", &["-c", "4K"], 16 << 20, 106, 2),
    ] {
        let mut bytes = made(program, arguments, size);
        bytes[at] |= bit;
        let dirty = identify(Cursor::new(&bytes)).unwrap().unwrap().dirty;
        assert!(dirty, "{program}");
    }
    let empty = identify(Cursor::new([0; HEAD as usize])).unwrap();
    assert_eq!(empty, None);
}
