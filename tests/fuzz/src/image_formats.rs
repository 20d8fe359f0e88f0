//! The readers of files' formats.

use std::io::Cursor;
use std::sync::OnceLock;

use formats::fat::{self, Kind, Label, VolumeSpec};
use formats::uki;

use crate::Target;
use crate::patch::{edit, patched};
use crate::target::no_made_seeds;

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
