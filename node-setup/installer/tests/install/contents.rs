//! What is on a disk, by the signatures that other programs leave.

use crate::judge;
use disk::{Geometry, Sector};
use installer::{Content, inspect, signatures};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SIZE: u64 = 64 << 20;

fn content(path: &Path) -> Content {
    let file = File::open(path).expect("opened");
    let geometry = Geometry::new(Sector::Bytes512, SIZE);
    inspect(&file, geometry, &signatures(path).expect("wipefs")).expect("read")
}

/// LVM's own checksum: of what follows it in its sector.
fn lvm_crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xf597_a6cf, |mut crc: u32, byte| {
        crc ^= u32::from(*byte);
        (0..8).for_each(|_| crc = (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)));
        crc
    })
}

fn lvm(file: &File) {
    let mut label = vec![0; 512];
    label[..8].copy_from_slice(b"LABELONE");
    label[8..16].copy_from_slice(&1_u64.to_le_bytes());
    label[20..24].copy_from_slice(&32_u32.to_le_bytes());
    label[24..32].copy_from_slice(b"LVM2 001");
    label[32..64].copy_from_slice(b"0123456789abcdef0123456789abcdef");
    let crc = lvm_crc(&label[20..]);
    label[16..20].copy_from_slice(&crc.to_le_bytes());
    file.write_all_at(&label, 512).expect("written");
}

/// Linux' RAID with its superblock at the beginning (1.2).
fn raid(file: &File) {
    let mut superblock = vec![0; 512];
    superblock[..4].copy_from_slice(&0xa92b_4efc_u32.to_le_bytes());
    superblock[4..8].copy_from_slice(&1_u32.to_le_bytes());
    superblock[16..32].copy_from_slice(&[5; 16]);
    superblock[144..152].copy_from_slice(&8_u64.to_le_bytes());
    file.write_all_at(&superblock, 4096).expect("written");
}

/// The case, what makes it, and the words for it.
type Case = (&'static str, fn(&Path, &File), &'static str);

#[test]
fn data_is_known_by_what_other_programs_leave() {
    fn run(program: &str, arguments: &[&str], path: &Path) {
        let path = path.to_str().expect("a plain path");
        judge::run(program, &[arguments, &[path]].concat());
    }
    let cases: [Case; 8] = [
        (
            "a table",
            |path, _| run("sgdisk", &["-n", "1:0:0"], path),
            "gpt",
        ),
        (
            "an old table",
            |path, _| run("sgdisk", &["-n", "1:0:0", "-m", "1"], path),
            "dos",
        ),
        ("ext4", |path, _| run("mkfs.ext4", &["-q"], path), "ext4"),
        ("FAT", |path, _| run("mkfs.fat", &[], path), "vfat"),
        ("swap", |path, _| run("mkswap", &[], path), "swap"),
        ("RAID", |_, file| raid(file), "linux_raid_member"),
        ("LVM", |_, file| lvm(file), "LVM2_member"),
        (
            "a table whose beginning is lost",
            |path, file| {
                run("sgdisk", &["-n", "1:0:0"], path);
                file.write_all_at(&[0; 34 * 512], 0).expect("written");
            },
            "gpt",
        ),
    ];
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("disk");
    let fresh = || {
        let file = File::create(&path).expect("made");
        file.set_len(SIZE).expect("as long as a disk");
        file
    };
    drop(fresh());
    assert_eq!(content(&path), Content::Empty);
    for (case, make, expected) in cases {
        let file = fresh();
        make(&path, &file);
        match content(&path) {
            Content::Data(words) => assert!(words.contains(expected), "{case}: {words}"),
            other => panic!("{case}: {other:?}"),
        }
    }
}
