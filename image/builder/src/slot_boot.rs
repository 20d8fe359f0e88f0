//! The image of a slot's own boot partition: all that the Raspberry Pi's firmware reads of a release.

use crate::error::{Error, Result};
use crate::kernel::files::device_tree;
use crate::tree::Tree;
use boards::Tryboot;
use disk::layout::{PartitionRole, Size};
use formats::fat::{self, Kind, Label, VolumeSpec};

/// Names on the partition, which `config.txt` of the board repeats.
pub(crate) const KERNEL: &str = "vmlinuz";
pub(crate) const INITRAMFS: &str = "initramfs";
const CMDLINE: &str = "cmdline.txt";
/// As on other boot partitions: with these, 256 MiB are a FAT32.
const CLUSTER: u32 = 2048;

/// What is started.
pub(crate) struct Kernel<'a> {
    /// Its name for itself.
    pub(crate) release: &'a str,
    pub(crate) program: &'a [u8],
    pub(crate) initramfs: &'a [u8],
    pub(crate) cmdline: &'a str,
}

/// Makes the image. It is the same for the same parts.
pub(crate) fn image(packages: &Tree, board: &Tryboot, kernel: &Kernel<'_>) -> Result<Vec<u8>> {
    let mut files = vec![
        (
            CMDLINE.to_owned(),
            format!("{}\n", kernel.cmdline).into_bytes(),
        ),
        (KERNEL.to_owned(), kernel.program.to_vec()),
        (INITRAMFS.to_owned(), kernel.initramfs.to_vec()),
    ];
    for (name, tree) in &board.device_trees {
        files.push((name.clone(), device_tree(packages, kernel.release, tree)?));
    }
    for (name, text) in &board.texts {
        files.push((name.clone(), text.trim_start().as_bytes().to_vec()));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(name, content)| (name.as_str(), &content[..]))
        .collect();
    let Size::Bytes(length) = PartitionRole::BootA.place().size else {
        return Err(Error::Wrong("a slot's boot partition has no length".into()));
    };
    let spec = VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new("SLOT").map_err(Error::format("a FAT label"))?,
        // Both slots may have the same: they are told apart by their numbers.
        id: 0,
        cluster: CLUSTER,
    };
    fat::image(&spec, length, &files).map_err(Error::format("a slot's boot partition"))
}

#[cfg(test)]
mod tests {
    use super::{INITRAMFS, KERNEL, Kernel, image};
    use crate::tree::{Content, Node, Tree};
    use boards::{Boards, BootMechanism};
    use std::io::Cursor;
    use std::path::Path;

    /// What the firmware of a Raspberry Pi 5 finds: every file that the board's own `config.txt` names is there.
    #[test]
    fn a_slot_has_what_the_firmware_looks_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../board-support/boards");
        let boards = Boards::open(&folder).expect("boards");
        let BootMechanism::Tryboot(board) = &boards.get("rpi5").expect("a board").boot else {
            panic!("another mechanism");
        };
        let mut packages = Tree::default();
        for tree in ["bcm2712-rpi-5-b.dtb", "bcm2712-d-rpi-5-b.dtb"] {
            let path = format!("usr/lib/modules/7.3-arm64/dtb/broadcom/{tree}");
            packages.put(&path, 0o644, Node::File(Content::Bytes(tree.into())));
        }
        let kernel = Kernel {
            release: "7.3-arm64",
            program: &[1; 5000],
            initramfs: &[2; 100],
            cmdline: "holdfast.roothash=00",
        };
        let made = image(&packages, board, &kernel).expect("made");
        assert_eq!(
            made,
            image(&packages, board, &kernel).expect("made"),
            "always the same"
        );
        assert!(made.len() < 4 << 20, "no more than is used: {}", made.len());
        let mut whole = made;
        whole.resize(256 << 20, 0xff);
        let volume = formats::fat::open(Cursor::new(whole)).expect("a FAT");
        let read = |path: &str| volume.read_file(path, 1 << 20).expect(path);
        assert_eq!(read("cmdline.txt"), b"holdfast.roothash=00\n");
        assert_eq!(
            (read(KERNEL), read(INITRAMFS)),
            (vec![1; 5000], vec![2; 100])
        );
        assert_eq!(read("bcm2712-rpi-5-b.dtb"), b"bcm2712-rpi-5-b.dtb");
        for name in ["bcm2712-d-rpi-5-b.dtb", "bcm2712d0-rpi-5-b.dtb"] {
            assert_eq!(read(name), b"bcm2712-d-rpi-5-b.dtb");
        }
        let config = String::from_utf8(read("config.txt")).expect("text");
        assert!(
            config
                .lines()
                .all(|line| line.starts_with('#') || line.len() <= 98),
            "{config}"
        );
        for line in [
            format!("kernel={KERNEL}"),
            format!("initramfs {INITRAMFS} followkernel"),
        ] {
            assert!(config.lines().any(|own| own == line), "{line} in {config}");
        }
        let missing = Kernel {
            release: "6.12-arm64",
            ..kernel
        };
        let error = image(&packages, board, &missing).expect_err("another kernel");
        assert!(error.to_string().contains("broadcom/bcm2712"), "{error}");
    }
}
