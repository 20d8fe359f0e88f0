//! What a node reads of a stick that somebody plugs in.

use std::io::Cursor;

use node_setup::{VolumeKind, identify_volume};

use crate::Target;
use crate::image_formats::fat_image;
use crate::patch::patched;

pub(crate) const TARGET: Target = Target {
    name: "node-volume",
    run: |input| {
        for volume in [input.to_vec(), patched(fat_image(), input)] {
            let read = identify_volume(Cursor::new(volume)).expect("memory can be read");
            let Some(volume) = read else { continue };
            assert!(!volume.label.contains('\0') && volume.label.len() <= 64);
            assert!(volume.kind != VolumeKind::Ext || !volume.dirty);
        }
    },
    folders: &[],
    made_seeds: || vec![fat_image()[..4096].to_vec()],
    words: &[
        "FAT16   ",
        "FAT32   ",
        "EXFAT   ",
        "HOLDFAST   ",
        "\u{8}",
        "\u{f}",
    ],
};
