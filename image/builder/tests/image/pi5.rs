//! The image of board `rpi5`, where it lies beside the one under test (`make image BOARD=rpi5`). Nothing imitates that machine, so
//! foreign programs and the files' own rules are all that judges it.

use super::{image, judge, locked, partition_of, passes_veritysetup, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MB: u64 = 1_000_000;
/// What a card's image may have.
const BUDGET: u64 = 240 * MB;

/// The raw image; none, with a word about it, if it was not built.
fn pi5() -> Option<PathBuf> {
    let tested = image();
    let name = tested.file_name()?.to_str()?;
    let (start, _) = name.split_once("_qemu-x86_64")?;
    let path = tested.with_file_name(format!("{start}_rpi5.img"));
    if path.is_file() {
        return Some(path);
    }
    println!("{} is not there: not judged", path.display());
    None
}

/// A file of slot A's own boot partition.
fn slot_file(boot: &Path, name: &str) -> Vec<u8> {
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(boot)
        .expect("boot-a");
    let volume = formats::fat::open(file).expect("FAT");
    volume.read_file(name, 64 << 20).expect(name)
}

#[test]
fn table_and_volumes_of_a_pi_5_are_clean() {
    let Some(image) = pi5() else { return };
    let said = text(&judge(
        Command::new("/usr/sbin/sgdisk").arg("-v").arg(&image),
    ));
    assert!(said.contains("No problems found"), "{said}");
    let folder = tempfile::tempdir().expect("temp dir");
    for name in ["boot", "boot-a", "CONFIG"] {
        let volume = partition_of(&image, name, folder.path());
        judge(
            Command::new("/usr/sbin/fsck.fat")
                .args(["-n", "-v"])
                .arg(volume),
        );
    }
    let empty = fs::read(partition_of(&image, "boot-b", folder.path())).expect("boot-b");
    assert!(empty.iter().all(|byte| *byte == 0), "boot-b has something");
    let packed = PathBuf::from(format!("{}.zst", image.display()));
    let size = fs::metadata(packed).expect("the packed image").len();
    println!(
        "flashable image of rpi5: {:.1} MB of {} MB",
        size as f64 / 1e6,
        BUDGET / MB
    );
    assert!(size <= BUDGET, "{size} bytes, more than {BUDGET}");
}

/// What the firmware reads, in its own order: which slot, what of it, and that this leads to the root.
#[test]
fn a_pi_5s_firmware_finds_a_slot_that_leads_to_its_root() {
    let Some(image) = pi5() else { return };
    let folder = tempfile::tempdir().expect("temp dir");
    let first = partition_of(&image, "boot", folder.path());
    let choice = String::from_utf8(slot_file(&first, "autoboot.txt")).expect("text");
    assert!(
        choice.starts_with("[all]\ntryboot_a_b=1\nboot_partition=2\n"),
        "{choice}"
    );
    let boot = partition_of(&image, "boot-a", folder.path());
    let kernel = slot_file(&boot, "vmlinuz");
    assert_eq!(
        &kernel[0x38..0x3c],
        b"ARMd",
        "an ARM64 kernel that is not packed"
    );
    assert_eq!(
        &slot_file(&boot, "initramfs")[..4],
        b"\x28\xb5\x2f\xfd",
        "packed by zstd"
    );
    for tree in ["bcm2712-rpi-5-b", "bcm2712-d-rpi-5-b", "bcm2712d0-rpi-5-b"] {
        let path = folder.path().join(tree);
        fs::write(&path, slot_file(&boot, &format!("{tree}.dtb"))).expect("written");
        let said = text(&judge(
            Command::new("fdtget").arg(&path).args(["/", "compatible"]),
        ));
        assert!(said.contains("raspberrypi,5-model-b"), "{tree}: {said}");
    }
    let words = String::from_utf8(slot_file(&boot, "cmdline.txt")).expect("text");
    let root = partition_of(&image, "root-a", folder.path());
    passes_veritysetup(&root, &words);
    our_modules_are_for_its_kernel(&root, &folder.path().join("module.ko"));
}

/// Without the first a release could not be tried, without the second nobody hears of a weak supply: they are there, for this very
/// kernel, and loaded where the firmware is.
fn our_modules_are_for_its_kernel(root: &Path, module: &Path) {
    let mut list = locked("usr/bin/dump.erofs");
    let said = text(&judge(
        list.args(["--ls", "--path=/usr/lib/modules"]).arg(root),
    ));
    let kernel = said
        .split_whitespace()
        .find(|word| word.ends_with("-arm64"));
    let kernel = kernel.unwrap_or_else(|| panic!("no kernel in {said}"));
    for (name, alias) in [
        ("holdfast_tryboot", "of:N*T*Craspberrypi,bcm2835-firmware"),
        ("holdfast_supply", "platform:raspberrypi-hwmon"),
    ] {
        let path = format!("/usr/lib/modules/{kernel}/extra/{name}.ko");
        let mut cat = locked("usr/bin/dump.erofs");
        let found = judge(cat.args(["--cat", &format!("--path={path}")]).arg(root));
        fs::write(module, found.stdout).expect("written");
        for (field, want) in [("vermagic", kernel), ("alias", alias)] {
            let said = text(&judge(
                Command::new("/usr/sbin/modinfo")
                    .args(["-F", field])
                    .arg(module),
            ));
            assert!(said.contains(want), "{name}, {field}: {said}");
        }
    }
}
