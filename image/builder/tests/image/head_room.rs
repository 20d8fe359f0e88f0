//! How much larger releases may become: partitions of a disk that was flashed once keep their sizes for as long as it lives
//! (docs/boot.md, "Head-room"). Of the image under test, and of every other board's that lies beside it.

use super::{cmdline, extent_of, image, parameter};
use std::fs;
use std::path::{Path, PathBuf};

/// With the one under test, whose name ends with the first.
const BOARDS: [&str; 6] = ["qemu-x86_64", "nuc", "qemu-arm64", "rpi3", "rpi4", "rpi5"];
/// UKIs on the boot partition at once: the one that runs, the one that is staged, and the copy by which one is put behind.
const UKIS: u64 = 3;
/// The image of the root with its tree may take so much of its slot, of a hundred.
const ROOT: u64 = 60;
/// What is started may take so much of the room that there is for it.
const BOOT: u64 = 75;

/// Something, and the room for it, in bytes.
struct Room {
    what: &'static str,
    has: u64,
    of: u64,
    /// Of a hundred.
    most: u64,
}

#[test]
fn releases_can_grow_on_disks_that_were_flashed_with_this_image() {
    for (board, image) in images() {
        let folder = tempfile::tempdir().expect("temp dir");
        let (boot, cmdline) = boot(&image, folder.path());
        for room in [root(&image, &cmdline), boot] {
            let Room {
                what,
                has,
                of,
                most,
            } = room;
            let share = has as f64 * 100.0 / of as f64;
            println!(
                "{board}: {what}: {:.1} MB of {:.1} MB, {share:.1} % of at most {most} %",
                has as f64 / 1e6,
                of as f64 / 1e6
            );
            assert!(
                share <= most as f64,
                "{board}: {what}: {share} % of its room, more than {most} %"
            );
        }
    }
}

fn images() -> impl Iterator<Item = (&'static str, PathBuf)> {
    let tested = image();
    let name = tested.file_name().expect("a name").to_string_lossy();
    let start = name
        .split_once("_qemu-x86_64")
        .map(|(start, _)| start.to_owned());
    let start = start.unwrap_or_else(|| panic!("{name} is not of board qemu-x86_64"));
    BOARDS.into_iter().filter_map(move |board| {
        let path = tested.with_file_name(format!("{start}_{board}.img"));
        if !path.is_file() {
            println!("{} is not there: not judged", path.display());
            return None;
        }
        Some((board, path))
    })
}

fn root(image: &Path, cmdline: &str) -> Room {
    let size: u64 = parameter(cmdline, "holdfast.rootsize")
        .parse()
        .expect("a number");
    Room {
        what: "root image in its slot",
        // The tree on top of the data is one part in 127.
        has: size + size / 126,
        of: extent_of(image, "root-a").size,
        most: ROOT,
    }
}

/// What is started, and the kernel's words in it.
fn boot(image: &Path, folder: &Path) -> (Room, String) {
    let own = image.to_string_lossy().ends_with("_rpi5.img");
    let place = extent_of(image, if own { "boot-a" } else { "boot" });
    // Nothing is written to it.
    let disk = fs::File::open(image).expect("image");
    let volume = formats::fat::open_at(disk, place.offset, place.size).expect("FAT");
    let free = volume.free().expect("FAT");
    if own {
        let room = Room {
            what: "boot image in its slot's boot partition",
            has: place.size - free,
            of: place.size,
            most: BOOT,
        };
        let words = volume.read_file("cmdline.txt", 1 << 20).expect("content");
        return (room, String::from_utf8(words).expect("text"));
    }
    let entries = volume.list().expect("listing");
    let uki = entries
        .iter()
        .find(|entry| entry.path.starts_with("EFI/Linux/holdfast_"));
    let uki = uki.expect("a UKI");
    let path = folder.join("uki.efi");
    fs::write(
        &path,
        volume.read_file(&uki.path, 128 << 20).expect("content"),
    )
    .expect("written");
    let room = Room {
        what: "UKI in a third of the boot partition",
        has: uki.size,
        of: (free + uki.size) / UKIS,
        most: BOOT,
    };
    (room, cmdline(&path))
}
