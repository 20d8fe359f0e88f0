//! What stands on a disk before any file: its partition table and verity trees, and which of them a kernel asks for.

use std::io::Cursor;
use std::sync::OnceLock;

use disk::gpt::{self, Partition, Table, derive_guid, types};
use disk::layout::{WantedRoot, find_slot, format_done, plan};
use disk::verity::{self, BLOCK, Params, RootHash, Superblock};
use disk::{Geometry, Sector};

use crate::Target;
use crate::patch::{edit, patched};
use crate::target::no_made_seeds;

pub(crate) const GPT: Target = Target {
    name: "gpt",
    run: |input| judge_table(input, Sector::Bytes512),
    folders: &[],
    made_seeds: || gpt_seeds(Sector::Bytes512),
    words: &["EFI PART"],
};

pub(crate) const GPT_LARGE_SECTORS: Target = Target {
    name: "gpt-large-sectors",
    run: |input| judge_table(input, Sector::Bytes4096),
    folders: &[],
    made_seeds: || gpt_seeds(Sector::Bytes4096),
    words: &["EFI PART"],
};

/// The words of a kernel's command line that name its root.
pub(crate) const ROOT_PARAMETERS: Target = Target {
    name: "root-parameters",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        match WantedRoot::parse(&text) {
            Ok(root) => {
                assert!(root.size > 0 && root.size.is_multiple_of(4096));
                assert_eq!(WantedRoot::parse(&root.to_string()), Ok(root));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "holdfast.roothash=",
        "holdfast.rootsize=",
        " ",
        "\"",
        "4096",
        "18446744073709551615",
        "-1",
        "0",
        "00000000000000000000000000000000",
    ],
};

pub(crate) const VERITY: Target = Target {
    name: "verity",
    run: |input| {
        let (image, root) = verity_image();
        let changed = patched(image, input);
        let verdict = verity::verify(&mut Cursor::new(&changed), VERITY_DATA, root);
        // Nothing but the unused rest of the superblock may differ from what was hashed.
        let superblock = VERITY_DATA as usize..VERITY_DATA as usize + BLOCK;
        let mut comparable = changed;
        comparable[superblock.clone()].copy_from_slice(&image[superblock]);
        assert!(
            verdict.is_err() || comparable == *image,
            "a changed image is taken as good"
        );
    },
    folders: &[],
    made_seeds: || {
        (0..200)
            .map(|step| edit(step * 2713, 2, [0x55, 0xaa]))
            .collect()
    },
    words: &[],
};

pub(crate) const VERITY_SUPERBLOCK: Target = Target {
    name: "verity-superblock",
    run: |input| {
        if let Ok(superblock) = Superblock::parse(input) {
            let hash = superblock.root_hash(&[0; BLOCK]);
            assert!(!superblock.mapper_parameters("8:1", hash).is_empty());
            assert!(superblock.tree_size() > 0);
            let again = Superblock::parse(&superblock.encode());
            assert_eq!(again, Ok(superblock), "it is not read as it is written");
        }
    },
    folders: &[],
    made_seeds: || {
        let (image, _) = verity_image();
        vec![image[VERITY_DATA as usize..VERITY_DATA as usize + 512].to_vec()]
    },
    words: &["verity\0\0", "sha256", "sha512"],
};

/// A disk as somebody left it: what is taken for a table must lie on the disk, and be read back as it is written.
fn judge_table(input: &[u8], sector: Sector) {
    let mut image = patched_gpt(input, sector);
    let length = image.len() as u64;
    let geometry = Geometry::new(sector, length);
    let Ok(table) = gpt::read(&image, geometry).current() else {
        return;
    };
    for partition in &table.partitions {
        let extent = table.extent(partition);
        assert!(
            extent.offset + extent.size <= length,
            "{partition:?} ends behind the disk"
        );
    }
    assert!(!table.to_string().is_empty());
    let _ = table.is_holdfast();
    let _ = format_done(&table);
    // Far more than the disk has, so that planning does not end at its size.
    let _ = plan(&table, 1 << 30, || [7; 16]);
    let root = WantedRoot {
        hash: RootHash([0; 32]),
        size: BLOCK as u64,
    };
    assert!(find_slot(&image, &table, &root).is_err());
    gpt::write(&mut image, &table).expect("a table that was read can be written");
    assert_eq!(gpt::read(&image, geometry).current(), Ok(table));
}

/// Bytes of data in the verity image: two leaves of hashes.
const VERITY_DATA: u64 = 129 * 4096;

fn verity_image() -> &'static (Vec<u8>, RootHash) {
    static IMAGE: OnceLock<(Vec<u8>, RootHash)> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let data: Vec<u8> = (0..VERITY_DATA).map(|at| (at / 97) as u8).collect();
        let mut image = Cursor::new(data);
        let params = Params {
            salt: vec![7; 32],
            uuid: derive_guid(b"fuzz", "verity"),
        };
        let tree = verity::append(&mut image, params).expect("memory holds the tree");
        (image.into_inner(), tree.root_hash())
    })
}

fn gpt_image(sector: Sector) -> Vec<u8> {
    let part = |number: u32, name: &str, type_guid| Partition {
        number,
        name: name.into(),
        type_guid,
        guid: derive_guid(b"fuzz", name),
        first_lba: 40 + u64::from(number) * 10,
        last_lba: 45 + u64::from(number) * 10,
        attributes: 0,
    };
    let table = Table {
        sector,
        disk_guid: derive_guid(b"fuzz", "disk"),
        sectors: 120,
        first_usable: 34,
        entries: 128,
        partitions: vec![
            part(1, "boot", types::ESP),
            part(2, "CONFIG", types::BASIC_DATA),
            part(3, "root-a", types::ROOT_X86_64),
        ],
    };
    let mut disk = vec![0; table.disk_size() as usize];
    gpt::create(&mut disk, &table).expect("memory holds the table");
    disk
}

/// The image with edits in its table at the beginning; an even first byte asks for checksums that fit, since random edits
/// would never get past them.
fn patched_gpt(input: &[u8], sector: Sector) -> Vec<u8> {
    static IMAGES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    let images = IMAGES.get_or_init(|| [Sector::Bytes512, Sector::Bytes4096].map(gpt_image));
    let image = &images[usize::from(sector == Sector::Bytes4096)];
    let (&choice, edits) = input.split_first().unwrap_or((&1, &[]));
    let unit = sector.bytes() as usize;
    let (head, entries) = (unit, 2 * unit);
    let (table, rest) = image.split_at(entries + 128 * 128);
    let mut out = patched(table, edits);
    out.extend_from_slice(rest);
    let field = |out: &[u8], at: usize| {
        u32::from_le_bytes(std::array::from_fn(|byte| out[head + at + byte])) as usize
    };
    if choice % 2 == 0 {
        // What is out of range stays wrong: the reader must see it.
        let (count, size) = (field(&out, 80).min(1024), field(&out, 84).min(4096));
        let end = (entries + count * size).min(out.len());
        let checksum = crc32fast::hash(&out[entries..end]);
        out[head + 88..head + 92].copy_from_slice(&checksum.to_le_bytes());
        let length = field(&out, 12).clamp(92, unit);
        out[head + 16..head + 20].fill(0);
        let checksum = crc32fast::hash(&out[head..head + length]);
        out[head + 16..head + 20].copy_from_slice(&checksum.to_le_bytes());
    }
    if choice % 3 == 0 {
        // Without a backup the primary decides alone.
        let backup = out.len() - unit;
        out[backup..].fill(0);
    }
    out
}

/// Edits of every header field and of the first entry's.
fn gpt_seeds(sector: Sector) -> Vec<Vec<u8>> {
    let unit = sector.bytes() as usize;
    let header = [0, 8, 12, 16, 24, 32, 40, 48, 56, 72, 80, 84, 88].map(|at| unit + at);
    let entry = [0, 16, 32, 40, 48, 56].map(|at| 2 * unit + at);
    let values = [[0, 0], [0xff, 0xff], [1, 0], [0, 0x80]];
    let edits = header.iter().chain(&entry).flat_map(|at| {
        values
            .iter()
            .flat_map(move |value| [1, 4, 8].map(|length| edit(*at, length, *value)))
    });
    edits
        .flat_map(|edit| [[vec![0], edit.clone()].concat(), [vec![1], edit].concat()])
        .collect()
}
