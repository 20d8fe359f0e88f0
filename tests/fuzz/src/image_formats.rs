//! The readers of disk image formats.

use std::io::Cursor;
use std::sync::OnceLock;

use formats::fat::{self, Kind, Label, VolumeSpec};
use formats::gpt::{self, Partition, Table, derive_guid, types};
use formats::verity::{self, Params, RootHash};
use formats::{erofs, uki};

use crate::Target;
use crate::patch::{edit, patched};
use crate::target::no_made_seeds;

pub(crate) const EROFS: Target = Target {
    name: "erofs",
    run: |input| {
        let mut image = vec![0; erofs::SUPERBLOCK_OFFSET];
        image.extend_from_slice(input);
        if let Ok(superblock) = erofs::Superblock::parse(&image) {
            assert!(superblock.block_size.is_power_of_two());
            let _ = superblock.size();
        }
    },
    folders: &[],
    made_seeds: || {
        let mut superblock = vec![0; erofs::SUPERBLOCK_SIZE];
        superblock[..4].copy_from_slice(&0xe0f5_e1e2_u32.to_le_bytes());
        superblock[12] = 12;
        vec![superblock]
    },
    words: &[],
};

pub(crate) const FAT: Target = Target {
    name: "fat",
    run: |input| {
        let Ok(volume) = fat::open(Cursor::new(patched(fat_image(), input))) else {
            return;
        };
        let _ = volume.label();
        if let Ok(entries) = volume.list() {
            for entry in entries.iter().filter(|entry| !entry.directory).take(10) {
                let content = volume.read_file(&entry.path, 1 << 20);
                assert!(content.is_err() || content.is_ok_and(|content| content.len() <= 1 << 20));
            }
        }
    },
    folders: &[],
    made_seeds: || {
        // The boot sector's fields, the tables, the root directory.
        let mut seeds: Vec<Vec<u8>> = (11..40).map(|at| edit(at, 1, [0xff, 0])).collect();
        seeds.extend([512, 520, 2048 + 512, 20 * 512].map(|at| edit(at, 4, [3, 0])));
        seeds
    },
    words: &[],
};

pub(crate) const GPT: Target = Target {
    name: "gpt",
    run: |input| {
        let image = patched_gpt(input);
        let length = image.len() as u64;
        if let Ok(found) = gpt::read(&mut Cursor::new(image)) {
            for partition in &found.table.partitions {
                assert!(
                    partition.offset() + partition.size() <= length,
                    "{partition:?} ends behind the disk"
                );
            }
            assert!(!found.table.to_string().is_empty());
        }
    },
    folders: &[],
    made_seeds: gpt_seeds,
    words: &["EFI PART"],
};

pub(crate) const UKI: Target = Target {
    name: "uki",
    run: |input| {
        if let Ok(sections) = uki::sections(input) {
            let total: usize = sections
                .iter()
                .map(|section| section.data.len())
                .max()
                .unwrap_or(0);
            assert!(total <= input.len());
            assert!(uki::dump(input).is_ok());
        }
        if let Ok(built) = uki::build(input, &[(".cmdline", b"quiet"), (".initrd", &[1; 700])]) {
            let read_back = uki::section(&built, ".initrd").expect("what was built is a program");
            assert_eq!(read_back, Some(&[1; 700][..]));
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &["MZ", "PE\0\0", ".text\0\0\0", ".sbat\0\0\0", ".reloc\0\0"],
};

pub(crate) const VERITY: Target = Target {
    name: "verity",
    run: |input| {
        let (image, root) = verity_image();
        let changed = patched(image, input);
        let verdict = verity::verify(&mut Cursor::new(&changed), VERITY_DATA, root);
        // Nothing but the unused rest of the superblock may differ from what was hashed.
        let superblock = VERITY_DATA as usize..VERITY_DATA as usize + 4096;
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

/// Superblocks, for readers of one alone.
pub(crate) fn verity_superblocks() -> Vec<Vec<u8>> {
    let (image, _) = verity_image();
    vec![image[VERITY_DATA as usize..VERITY_DATA as usize + 512].to_vec()]
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

pub(crate) fn fat_image() -> &'static [u8] {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let mut disk = Cursor::new(vec![0; 3 << 20]);
        let label = Label::new("CONFIG").expect("a good label");
        let spec = VolumeSpec {
            kind: Kind::Fat16,
            label,
            id: 1,
            cluster: 512,
        };
        fat::format(&mut disk, &spec).expect("memory holds the volume");
        let volume = fat::open(&mut disk).expect("the volume was just made");
        for (path, content) in [
            ("config.yaml", &b"version: 1\n"[..]),
            ("a/b/c.txt", &[9; 5000]),
        ] {
            volume
                .write_file(path, &mut &*content)
                .expect("the volume has room");
        }
        volume.finish().expect("memory holds the volume");
        disk.into_inner()
    })
}

fn gpt_image() -> &'static [u8] {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| {
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
            disk_guid: derive_guid(b"fuzz", "disk"),
            sectors: 120,
            first_usable: 34,
            last_usable: 86,
            partitions: vec![
                part(1, "boot", types::ESP),
                part(2, "CONFIG", types::BASIC_DATA),
                part(3, "root-a", types::ROOT_X86_64),
            ],
        };
        let mut disk = Cursor::new(vec![0; table.disk_size() as usize]);
        gpt::write(&mut disk, &table).expect("memory holds the table");
        disk.into_inner()
    })
}

/// The image with edits in its first 17 KiB; an even first byte asks for checksums that fit, since
/// random edits would never get past them.
pub(crate) fn patched_gpt(input: &[u8]) -> Vec<u8> {
    let (&choice, edits) = input.split_first().unwrap_or((&1, &[]));
    let image = gpt_image();
    let (table, rest) = image.split_at(34 * 512);
    let mut out = patched(table, edits);
    out.extend_from_slice(rest);
    if choice % 2 == 0 {
        // What is out of range stays wrong: the reader must see it.
        let count = u32::from_le_bytes([out[592], out[593], out[594], out[595]]).min(1024) as usize;
        let size = u32::from_le_bytes([out[596], out[597], out[598], out[599]]).min(4096) as usize;
        let end = (1024 + count * size).min(out.len());
        let entries = crc32fast::hash(&out[1024..end]);
        out[600..604].copy_from_slice(&entries.to_le_bytes());
        let length =
            u32::from_le_bytes([out[524], out[525], out[526], out[527]]).clamp(92, 512) as usize;
        out[528..532].fill(0);
        let header = crc32fast::hash(&out[512..512 + length]);
        out[528..532].copy_from_slice(&header.to_le_bytes());
    }
    if choice % 3 == 0 {
        // Without a backup the primary decides alone.
        let backup = out.len() - 512;
        out[backup..].fill(0);
    }
    out
}

/// Edits of every header field and of the first entry's.
pub(crate) fn gpt_seeds() -> Vec<Vec<u8>> {
    let fields = [
        512, 520, 524, 528, 536, 544, 552, 560, 568, 584, 592, 596, 600, 1024, 1040, 1056, 1064,
        1072, 1080,
    ];
    let values = [[0, 0], [0xff, 0xff], [1, 0], [0, 0x80]];
    let edits = fields.iter().flat_map(|at| {
        values
            .iter()
            .flat_map(move |value| [1, 4, 8].map(|length| edit(*at, length, *value)))
    });
    edits
        .flat_map(|edit| [[vec![0], edit.clone()].concat(), [vec![1], edit].concat()])
        .collect()
}
