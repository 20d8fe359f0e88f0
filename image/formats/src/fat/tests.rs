mod damage;
mod judged;

use std::io::Cursor;

use sha2::{Digest, Sha256};

use super::*;
use judged::fsck;

const MIB: u64 = 1024 * 1024;

fn boot() -> VolumeSpec {
    VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new("BOOT").unwrap(),
        id: 0x1234_5678,
        cluster: 2048,
    }
}

fn config() -> VolumeSpec {
    VolumeSpec {
        kind: Kind::Fat16,
        label: Label::new("CONFIG").unwrap(),
        id: 0x0bad_cafe,
        cluster: 2048,
    }
}

/// A volume with a few files, in memory.
fn filled(spec: &VolumeSpec, size: u64) -> Vec<u8> {
    let mut disk = Cursor::new(vec![0; size as usize]);
    format(&mut disk, spec).unwrap();
    let volume = open(&mut disk).unwrap();
    volume
        .write_file("EFI/Linux/holdfast_0.1.0.efi", &mut &[7; 100_000][..])
        .unwrap();
    volume
        .write_file("EFI/BOOT/BOOTX64.EFI", &mut &b"boot"[..])
        .unwrap();
    volume
        .write_file("config.yaml", &mut &b"version: 1\n"[..])
        .unwrap();
    volume.finish().unwrap();
    disk.into_inner()
}

#[test]
fn same_input_gives_same_bytes() {
    let once = filled(&config(), 64 * MIB);
    assert!(once == filled(&config(), 64 * MIB));
    let hex: String = Sha256::digest(&once)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        hex,
        "f66ef99c348af2bc8576012816b10c434ba6a62f5de5642517c09af52cee1051"
    );
}

#[test]
fn reads_back() {
    let volume = open(Cursor::new(filled(&boot(), 256 * MIB))).unwrap();
    assert_eq!(volume.kind(), Some(Kind::Fat32));
    assert_eq!(volume.label().unwrap().as_deref(), Some("BOOT"));
    assert_eq!(volume.id(), 0x1234_5678);
    let paths: Vec<_> = volume
        .list()
        .unwrap()
        .into_iter()
        .map(|e| (e.path, e.size))
        .collect();
    let expected = [
        ("EFI", 0),
        ("EFI/Linux", 0),
        ("EFI/Linux/holdfast_0.1.0.efi", 100_000),
        ("EFI/BOOT", 0),
        ("EFI/BOOT/BOOTX64.EFI", 4),
        ("config.yaml", 11),
    ];
    assert_eq!(paths, expected.map(|(path, size)| (path.to_owned(), size)));
    assert_eq!(
        volume.read_file("EFI/BOOT/BOOTX64.EFI", 100).unwrap(),
        b"boot"
    );
    let error = volume.read_file("config.yaml", 10).unwrap_err();
    assert_eq!(error.to_string(), "`config.yaml` is larger than 10 bytes");
    let error = volume.read_file("nope", 10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read `nope` from the FAT file system"
    );
}

#[test]
fn replaces_a_file_inside_an_image() {
    let start = 3 * MIB;
    let mut image = vec![0xaa; start as usize];
    image.extend(filled(&config(), 64 * MIB));
    image.extend(vec![0xbb; MIB as usize]);
    let mut image = Cursor::new(image);

    let without_file = open_at(&mut image, start, 64 * MIB)
        .unwrap()
        .free()
        .unwrap()
        + 2048;
    for content in [&b"longer than it was before\n"[..], b"", b"short\n"] {
        let volume = open_at(&mut image, start, 64 * MIB).unwrap();
        volume.write_file("config.yaml", &mut &*content).unwrap();
        volume.finish().unwrap();
        let volume = open_at(&mut image, start, 64 * MIB).unwrap();
        assert_eq!(volume.read_file("config.yaml", 1000).unwrap(), content);
        let used = without_file - volume.free().unwrap();
        assert_eq!(
            used,
            content.len().next_multiple_of(2048) as u64,
            "old clusters are given back"
        );
    }
    let volume = open_at(&mut image, start, 64 * MIB).unwrap();
    volume.remove("config.yaml").unwrap();
    volume.finish().unwrap();

    let image = image.into_inner();
    assert!(image[..start as usize].iter().all(|b| *b == 0xaa));
    assert!(
        image[(start + 64 * MIB) as usize..]
            .iter()
            .all(|b| *b == 0xbb)
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        &image[start as usize..(start + 64 * MIB) as usize],
    )
    .unwrap();
    let (clean, text) = fsck(file.path());
    assert!(clean, "{text}");
}

#[test]
fn sizes_that_give_another_kind_are_refused() {
    let cases = [
        (
            "FAT32 in 4 KiB clusters",
            VolumeSpec {
                cluster: 4096,
                ..boot()
            },
            256 * MIB,
            "take smaller clusters",
        ),
        (
            "FAT16 too large",
            config(),
            256 * MIB,
            "take larger clusters",
        ),
        (
            "FAT16 too small",
            config(),
            4 * MIB,
            "take smaller clusters",
        ),
        (
            "cluster of 3000",
            VolumeSpec {
                cluster: 3000,
                ..boot()
            },
            256 * MIB,
            "take 512 to 32768 byte clusters",
        ),
    ];
    for (name, spec, size, message) in cases {
        let mut disk = Cursor::new(vec![0; size as usize]);
        let error = format(&mut disk, &spec).unwrap_err().to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

#[test]
fn a_full_volume_is_an_error() {
    let mut disk = Cursor::new(vec![0; 16 * MIB as usize]);
    format(&mut disk, &config()).unwrap();
    let volume = open(&mut disk).unwrap();
    let error = volume
        .write_file("big", &mut &vec![1; 17 * MIB as usize][..])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write `big` to the FAT file system"
    );
}

#[test]
fn labels_are_checked() {
    for bad in ["", "config", "TWELVE_CHARS", "A B", "Ä"] {
        assert!(Label::new(bad).is_err(), "{bad}");
    }
    assert_eq!(Label::new("CONFIG").unwrap().bytes(), *b"CONFIG     ");
}
