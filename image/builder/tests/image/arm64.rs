//! The sizes of the images for ARM64, where they lie beside the one under test (`tools/cross-image`, which `make test-all` runs before).

use super::{MB, beside, image};
use std::fs;
use std::path::PathBuf;

/// Those with a UKI; [`super::pi5`] judges the one without.
const BOARDS: [&str; 3] = ["qemu-arm64", "rpi3", "rpi4"];
/// What a card's image may have.
const BUDGET: u64 = 240 * MB;

/// A board's packed image; none, with a word about it, if it was not built.
fn packed(board: &str) -> Option<PathBuf> {
    let tested = image();
    let name = tested.file_name()?.to_str()?;
    let (start, _) = name.split_once("_qemu-x86_64")?;
    let path = beside(
        &tested.with_file_name(format!("{start}_{board}.img")),
        ".zst",
    );
    if path.is_file() {
        return Some(path);
    }
    println!("{} is not there: not judged", path.display());
    None
}

#[test]
fn images_for_arm64_are_within_their_budget() {
    for board in BOARDS {
        let Some(path) = packed(board) else { continue };
        let size = fs::metadata(&path).expect("size").len();
        println!(
            "flashable image of {board}: {:.1} MB of {} MB",
            size as f64 / 1e6,
            BUDGET / MB
        );
        assert!(size <= BUDGET, "{board}: {size} bytes, more than {BUDGET}");
    }
}
