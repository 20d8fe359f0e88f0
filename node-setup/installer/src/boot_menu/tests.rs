use super::{Variable, entry, numbered, plan};
use disk::gpt::{Partition, Uuid, types};

fn partition() -> Partition {
    Partition {
        number: 1,
        name: "boot".into(),
        type_guid: types::ESP,
        guid: Uuid::parse_str("01234567-89ab-cdef-0123-456789abcdef").expect("a GUID"),
        first_lba: 2048,
        last_lba: 526_335,
        attributes: 0,
    }
}

fn variable(name: &str, content: &[u8]) -> Variable {
    Variable {
        name: name.into(),
        content: content.to_vec(),
    }
}

/// Byte by byte as UEFI 2.10 has it: 3.1.3 (the option), 10.3.5.1 (hard drive), 10.3.5.4 (file), 10.3.1 (end).
#[test]
fn the_entry_is_what_the_specification_asks_for() {
    let bytes = entry(&partition(), "EFI/BOOT/BOOTX64.EFI");
    let (head, rest) = bytes.split_at(6);
    assert_eq!(head, [1, 0, 0, 0, 94, 0]);
    let (title, path) = rest.split_at(18);
    assert_eq!(title, b"H\0o\0l\0d\0f\0a\0s\0t\0\0\0");
    assert_eq!(path.len(), 94);
    assert_eq!(path[..8], [4, 1, 42, 0, 1, 0, 0, 0]);
    assert_eq!(
        path[8..24],
        [0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0]
    );
    let guid = [
        0x67, 0x45, 0x23, 0x01, 0xab, 0x89, 0xef, 0xcd, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
        0xef,
    ];
    assert_eq!(path[24..40], guid);
    assert_eq!(path[40..46], [2, 2, 4, 4, 48, 0]);
    let name: Vec<u8> = "\\EFI\\BOOT\\BOOTX64.EFI\0"
        .bytes()
        .flat_map(|byte| [byte, 0])
        .collect();
    assert_eq!(path[46..90], name);
    assert_eq!(path[90..], [0x7f, 0xff, 4, 0]);
}

#[test]
fn the_next_start_takes_the_disk_and_the_order_stays() {
    let own = entry(&partition(), "EFI/BOOT/BOOTX64.EFI");
    let mut before = partition();
    before.guid = Uuid::from_u128(3);
    let before = entry(&before, "EFI/BOOT/BOOTX64.EFI");
    let other = [1, 0, 0, 0, 4, 0, b'N', 0, 0, 0, 0x7f, 0xff, 4, 0];
    type Row<'a> = (&'a str, Vec<Variable>, Vec<(&'a str, &'a [u8])>);
    let table: [Row<'_>; 6] = [
        (
            "an empty menu",
            vec![],
            vec![
                ("Boot0000", &own),
                ("BootOrder", &[0, 0]),
                ("BootNext", &[0, 0]),
            ],
        ),
        (
            "others: the first free number, last in the order",
            vec![
                variable("Boot0000", &other),
                variable("Boot0002", &other),
                variable("BootOrder", &[2, 0, 0, 0]),
            ],
            vec![
                ("Boot0001", &own),
                ("BootOrder", &[2, 0, 0, 0, 1, 0]),
                ("BootNext", &[1, 0]),
            ],
        ),
        (
            "it is there",
            vec![
                variable("Boot001F", &own),
                variable("BootOrder", &[0x1f, 0, 0, 0]),
            ],
            vec![("BootNext", &[0x1f, 0])],
        ),
        (
            "there, and not in the order",
            vec![variable("Boot0001", &own)],
            vec![("BootOrder", &[1, 0]), ("BootNext", &[1, 0])],
        ),
        (
            "one of an installation before is replaced",
            vec![
                variable("Boot0000", &other),
                variable("Boot0001", &before),
                variable("BootOrder", &[1, 0, 0, 0]),
            ],
            vec![("Boot0001", &own), ("BootNext", &[1, 0])],
        ),
        (
            "names and contents that are none",
            vec![
                variable("Boot0000", &[]),
                variable("BootXYZW", &other),
                variable("BootCurrent", &[0, 0]),
                variable("BootOrder", &[7]),
            ],
            vec![
                ("Boot0001", &own),
                ("BootOrder", &[7, 1, 0]),
                ("BootNext", &[1, 0]),
            ],
        ),
    ];
    for (name, found, expected) in table {
        let planned = plan(&found, &own).expect(name);
        let planned: Vec<_> = planned
            .iter()
            .map(|variable| (variable.name.as_str(), variable.content.as_slice()))
            .collect();
        assert_eq!(planned, expected, "{name}");
    }
}

#[test]
fn a_menu_can_be_full() {
    let found: Vec<Variable> = (0..=u16::MAX)
        .map(|number| variable(&format!("Boot{number:04X}"), &[]))
        .collect();
    assert!(plan(&found, &[1]).is_err());
    assert_eq!(numbered("Boot00001"), None);
}
