//! A small system to be installed, and a disk in a file.

use disk::gpt::{Uuid, types};
use disk::layout::WantedRoot;
use disk::verity::{self, BLOCK, Params};
use disk::{Geometry, Sector, Store};
use installer::{Files, Job, Plan, Signature, Target, plan};
use std::fs::File;
use std::io::{self, Read, Seek, Write};

/// Large enough for the partitions and the least state, on sectors of any size.
pub(crate) const DISK: u64 = 2500 << 20;

/// What a stick has.
pub(crate) struct Stick {
    pub(crate) boot: Files,
    pub(crate) config: Files,
    pub(crate) root: File,
    pub(crate) root_size: u64,
    pub(crate) wanted: WantedRoot,
}

impl Stick {
    pub(crate) fn new() -> Self {
        let mut root = tempfile::tempfile().expect("a file");
        let mut data = Vec::new();
        (0..700_u32).for_each(|block| data.extend(vec![(block % 251) as u8; BLOCK]));
        root.write_all(&data).expect("written");
        let params = Params {
            salt: vec![7; 32],
            uuid: Uuid::from_u128(9),
        };
        let hash = verity::append(&mut root, params)
            .expect("a tree")
            .root_hash();
        let wanted = WantedRoot {
            hash,
            size: data.len() as u64,
        };
        let file = |path: &str, length: usize| (path.to_owned(), vec![0x5a; length]);
        Self {
            boot: vec![
                file("EFI/BOOT/BOOTX64.EFI", 100_000),
                file("loader/loader.conf", 60),
                file("EFI/Linux/holdfast_0.1.0.efi", 3_000_001),
            ],
            config: vec![
                file("README.txt", 500),
                (
                    "config.yaml".to_owned(),
                    b"version: 1\nhostname: shop\n".to_vec(),
                ),
            ],
            root_size: root.seek(io::SeekFrom::End(0)).expect("its end"),
            root,
            wanted,
        }
    }

    pub(crate) fn job(&self) -> Job<'_> {
        Job {
            boot: &self.boot,
            config: &self.config,
            root: &self.root,
            root_size: self.root_size,
            wanted: self.wanted,
            key: "a key",
            release: "0.1.0",
            volume_ids: [0x1111_2222, 0x3333_4444],
        }
    }

    pub(crate) fn plan(&self, geometry: Geometry, signatures: &[Signature]) -> Plan {
        let mut drawn = 0;
        let random = || {
            drawn += 1;
            [drawn; 16]
        };
        plan(
            geometry,
            types::ROOT_X86_64,
            self.root_size,
            signatures,
            random,
        )
        .expect("it fits")
    }
}

/// A disk in a file, with holes.
pub(crate) struct FileDisk(pub(crate) File);

impl FileDisk {
    pub(crate) fn geometry(sector: Sector) -> Geometry {
        Geometry::new(sector, DISK)
    }
}

impl Store for FileDisk {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target for FileDisk {
    fn length(&self) -> u64 {
        DISK
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_at(offset, buffer)
    }

    fn reread_table(&mut self) {}
}

/// All of a file.
pub(crate) fn bytes(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .expect("read");
    bytes
}
