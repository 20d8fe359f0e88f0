//! Disks that belonged to something: what `wipefs`, `blkid` and `sgdisk` find before and after.
//!
//! The bytes are those that libblkid (util-linux, libblkid/src/superblocks) knows each by; that `wipefs` finds them beforehand
//! vouches for them.

use super::image::{Image, make};
use super::loops::{CARD, Card, Loop, flash, sh};
use disk::gpt::{Extent, Table, derive_guid, types};
use disk::layout::{self, image_partitions};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MIB: u64 = 1 << 20;
/// linux_raid.c: `MD_SB_MAGIC`.
const RAID: u32 = 0xa92b_4efc;

/// What a disk had, byte for byte.
struct Old(Vec<(u64, Vec<u8>)>);

impl Old {
    fn at(&mut self, offset: u64, bytes: impl Into<Vec<u8>>) {
        self.0.push((offset, bytes.into()));
    }

    /// linux_raid.c, version 1.x: the superblock says where it is, from the beginning of what the RAID is on.
    fn raid_1(&mut self, offset: u64, base: u64) {
        let mut superblock = [RAID, 1, 0].map(u32::to_le_bytes).concat();
        superblock.resize(144, 0);
        superblock.extend(((offset - base) / 512).to_le_bytes());
        self.at(offset, superblock);
    }

    /// linux_raid.c, version 0.90: in the last whole 64 KiB but one.
    fn raid_0_90(&mut self, end: u64) {
        let mut superblock = [RAID, 0, 90, 0].map(u32::to_le_bytes).concat();
        superblock.resize(32, 0);
        superblock.extend(1024_u32.to_le_bytes());
        self.at((end & !0xffff) - 0x1_0000, superblock);
    }

    /// zfs.c: an array of uberblocks in each label, of which several must be there.
    fn zfs(&mut self, label: u64) {
        let uberblock = [0x00ba_b10c_u64, 5000].map(u64::to_le_bytes).concat();
        for number in 0..8 {
            self.at(label + (128 << 10) + number * 1024, uberblock.clone());
        }
    }

    /// lvm.c: a label in one of the first four sectors, with a sum over most of it.
    fn lvm(&mut self, sector: u64) {
        let mut rest = 32_u32.to_le_bytes().to_vec();
        rest.extend(b"LVM2 001");
        rest.extend([b'a'; 32]);
        rest.resize(512 - 20, 0);
        let sum = rest.iter().fold(0xf597_a6cf_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
            })
        });
        let mut label = b"LABELONE".to_vec();
        label.extend(sector.to_le_bytes());
        label.extend(sum.to_le_bytes());
        label.extend(rest);
        self.at(sector * 512, label);
    }

    fn onto(self, file: &Path) {
        let card = fs::File::options().write(true).open(file).unwrap();
        for (offset, bytes) in self.0 {
            card.write_all_at(&bytes, offset).unwrap();
        }
    }
}

/// What `wipefs` finds on a device.
fn found(device: &Loop) -> BTreeSet<String> {
    let options = ["--no-act", "--noheadings", "--output", "TYPE"];
    sh("wipefs", &[&options[..], &[device.path()]].concat())
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

fn of(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A card of nothing, to be made old.
fn empty(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("card");
    fs::File::create(&file).unwrap().set_len(CARD).unwrap();
    file
}

/// Where the first boot will have the state partition.
fn state() -> Extent {
    let guid = |name: &str| derive_guid(b"flash test", name);
    let mut parts = image_partitions(types::ROOT_X86_64, guid);
    for (part, mib) in parts.iter_mut().zip(super::image::SIZES) {
        part.size = mib * MIB;
    }
    let image = Table::plan(disk::Sector::Bytes512, guid("disk"), &parts, None).unwrap();
    let table = layout::plan(&image, CARD / 512, || [7; 16]).unwrap().table;
    let number = table.state().unwrap().number;
    let state = table.partitions.iter().find(|part| part.number == number);
    table.extent(state.unwrap())
}

/// The device, and the state partition that it will have.
fn opened(file: &Path) -> (Card, Loop) {
    let device = Loop::new(file, &[]);
    let Extent { offset, size } = state();
    let (offset, size) = (offset.to_string(), size.to_string());
    let options = ["--read-only", "--offset", &offset, "--sizelimit", &size];
    let part = Loop::new(file, &options);
    let file = file.to_owned();
    (Card { device, file }, part)
}

/// Flashes the card: nothing is found on it any more but the image's own table.
fn is_clean_when_flashed(card: &Card, part: &Loop, image: &Image) {
    let said = flash(&[image.path(), "--device", card.device.path(), "--yes"]);
    assert_eq!(said.code, 0, "{said}");
    assert_eq!(found(&card.device), of(&["PMBR", "gpt"]));
    assert_eq!(found(part), of(&[]), "at the end of the state partition");
    let table = sh("blkid", &["--probe", card.device.path()]);
    assert!(
        table.contains("PTTYPE=\"gpt\"") && !table.contains(" TYPE="),
        "{table}"
    );
    // The image's own backup is where the image ends, until the first boot; an older one would be taken in its place.
    let limit = image.size.to_string();
    let whole = Loop::new(&card.file, &["--read-only", "--sizelimit", &limit]);
    let said = sh("sgdisk", &["--verify", whole.path()]);
    assert!(said.contains("No problems found"), "{said}");
    let end = Loop::new(
        &card.file,
        &["--read-only", "--offset", &(CARD - 2 * MIB).to_string()],
    );
    sh(
        "cmp",
        &["-n", &(2 * MIB).to_string(), end.path(), "/dev/zero"],
    );
}

pub(crate) fn at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let file = empty(folder.path());
    // A hybrid table, with a copy at the end.
    let old = [
        "--clear",
        "--new=1:2048:+64M",
        "--new=2:0:+64M",
        "--hybrid=1",
    ];
    sh("sgdisk", &[&old[..], &[file.to_str().unwrap()]].concat());
    let mut old = Old(Vec::new());
    old.raid_0_90(CARD);
    old.raid_1((CARD & !0xfff) - 0x2000, 0);
    // promise_raid.c: one of several places.
    old.at(CARD - 3087 * 512, *b"Promise Technology, Inc.");
    for label in [512, 256] {
        old.zfs(CARD - (label << 10));
    }
    // A RAID of partitions, of which the last one ended where ours will.
    let Extent { offset, size } = state();
    old.raid_1(offset + size - 0x2000, offset);
    old.onto(&file);
    let (card, part) = opened(&file);
    let before = found(&card.device);
    for kind in [
        "PMBR",
        "gpt",
        "linux_raid_member",
        "promise_fasttrack_raid_member",
        "zfs_member",
    ] {
        assert!(before.contains(kind), "no {kind} in {before:?}");
    }
    assert_eq!(found(&part), of(&["linux_raid_member"]));
    is_clean_when_flashed(&card, &part, &image);
}

pub(crate) fn at_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let file = empty(folder.path());
    let mut old = Old(Vec::new());
    // luks.c
    old.at(0, *b"LUKS\xba\xbe\0\x01");
    old.lvm(1);
    // swap.c: version and last page, and the word at the end of the page.
    old.at(1024, [1, 1000].map(u32::to_le_bytes).concat());
    old.at(4086, *b"SWAPSPACE2");
    old.raid_1(4096, 0);
    // iso9660.c
    old.at(32 << 10, *b"\x01CD001\x01");
    for label in [0, 256] {
        old.zfs(label << 10);
    }
    old.onto(&file);
    let (card, part) = opened(&file);
    let before = found(&card.device);
    for kind in [
        "crypto_LUKS",
        "LVM2_member",
        "swap",
        "linux_raid_member",
        "iso9660",
        "zfs_member",
    ] {
        assert!(before.contains(kind), "no {kind} in {before:?}");
    }
    is_clean_when_flashed(&card, &part, &image);
}
