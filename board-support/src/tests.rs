use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use crate::*;

const BASE: &str = include_str!("../boards/base-x86_64.toml");
const NUC: &str = include_str!("../boards/nuc.toml");

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("boards")
}

fn parse(files: &[(&str, &str)]) -> Result<Boards, Error> {
    Boards::parse(
        &files
            .iter()
            .map(|(n, t)| ((*n).to_owned(), (*t).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    )
}

#[test]
fn every_file_of_the_project_is_good() {
    let boards = Boards::open(&folder()).unwrap();
    let names: Vec<_> = boards.list().map(|board| board.name.as_str()).collect();
    assert_eq!(
        names,
        ["nuc", "qemu-arm64", "qemu-x86_64", "rpi3", "rpi4", "rpi5"]
    );
    for board in boards.list() {
        // QEMU imitates no Raspberry Pi 5.
        assert_eq!(board.vm.is_some(), board.name != "rpi5", "{}", board.name);
    }
}

#[test]
fn boards_of_an_architecture_share_one_release() {
    let boards = Boards::open(&folder()).unwrap();
    let (nuc, qemu) = (
        boards.get("nuc").unwrap(),
        boards.get("qemu-x86_64").unwrap(),
    );
    assert_eq!(nuc.release, qemu.release);
    let drivers = &nuc.release.drivers;
    assert!(drivers.initramfs.contains("nvme") && drivers.initramfs.contains("virtio_blk"));
    assert!(drivers.initramfs_modules().contains("i6300esb"));
    assert!(!nuc.drivers.initramfs.contains("virtio_blk"));
    assert_eq!(
        nuc.release.kernel_parameters().last().map(String::as_str),
        Some("console=ttyS0,115200")
    );
    assert_eq!(
        (nuc.arch().debian(), nuc.arch().name()),
        ("amd64", "x86_64")
    );
    let arm = &boards.get("qemu-arm64").unwrap().release;
    assert!(!arm.drivers.initramfs_modules().contains("iTCO_wdt"));
    let led = "holdfast.led=ACT".to_owned();
    assert!(arm.kernel_parameters().contains(&led));
    assert_eq!(nuc.release.led, None);
    assert_eq!(
        arm.kernel_parameters().last().map(String::as_str),
        Some("console=ttyAMA0,115200")
    );
}

#[test]
fn a_virtual_machine_fits_its_board() {
    const ARM: &str = include_str!("../boards/qemu-arm64.toml");
    let base = include_str!("../boards/base-arm64.toml");
    for (from, to, message) in [
        (
            "\"virt\"",
            "\"q35\"",
            "qemu-arm64.toml:13:11: `vm.machine` is `q35`, whose processors are x86_64: the board's are arm64",
        ),
        (
            "watchdog = \"i6300esb\"",
            "watchdog = \"itco\"",
            "`vm.watchdog` is `itco`, which `virt` has not",
        ),
        (
            "disk = \"virtio\"",
            "disk = \"ahci\"",
            "`vm.disk` is `ahci`, which `virt` has not",
        ),
        (
            "disk = \"virtio\"",
            "disk = \"sd\"",
            "`vm.disk` is `sd`, which `virt` has not",
        ),
        (
            "network = \"virtio\"",
            "network = \"usb\"",
            "`vm.network` is `usb`, which `virt` has not",
        ),
        (
            "machine = \"virt\"",
            "machine = \"raspi4b\"",
            "`vm.disk` is `virtio`, which `raspi4b` has not",
        ),
    ] {
        let text = ARM.replacen(from, to, 1);
        let files = [("base-arm64", base), ("qemu-arm64", text.as_str())];
        let error = parse(&files).expect_err(to).to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn an_unknown_board_is_told_with_the_nearest() {
    let boards = Boards::open(&folder()).unwrap();
    let cases = [
        (
            "nuk",
            "there is no board `nuk`; did you mean `nuc`?; there are: nuc, qemu-arm64, qemu-x86_64, rpi3, rpi4, rpi5",
        ),
        (
            "qemu",
            "there is no board `qemu`; did you mean `qemu-arm64`?; there are: nuc, qemu-arm64, qemu-x86_64, rpi3, rpi4, rpi5",
        ),
        (
            "zzz",
            "there is no board `zzz`; there are: nuc, qemu-arm64, qemu-x86_64, rpi3, rpi4, rpi5",
        ),
    ];
    for (name, message) in cases {
        assert_eq!(boards.get(name).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_wrong_board_is_told_with_file_line_and_key() {
    let cases: [(&str, &str, &str, &str); 15] = [
        (
            "unknown key",
            "title",
            "titel",
            "nuc.toml:3:1: unknown field `titel`, expected one of `title`, `base`, `boot`, `partition-table`, `u-boot`, `tryboot`, `drivers`, `machine`, `vm`\n  3 | titel =",
        ),
        (
            "key of the base",
            "title =",
            "uki = {}\ntitle =",
            "nuc.toml:3:1: unknown field `uki`",
        ),
        (
            "hint",
            "title =",
            "kernel = {}\ntitle =",
            "boards of an architecture share one release",
        ),
        (
            "missing key",
            "title =",
            "#",
            "nuc.toml:1:1: missing field `title`",
        ),
        (
            "wrong type",
            "\"q35\"",
            "35",
            "nuc.toml:24:11: wanted string",
        ),
        (
            "unknown machine",
            "\"q35\"",
            "\"q36\"",
            "unknown variant `q36`, expected one of `q35`, `virt`",
        ),
        (
            "empty title",
            "\"Intel NUC and other UEFI PCs\"",
            "\" \"",
            "nuc.toml:3:9: `title` must be one line of text",
        ),
        (
            "twice",
            "\"nvme\"",
            "\"ahci\"",
            "nuc.toml:9:22: `drivers.initramfs` names `ahci` twice",
        ),
        (
            "module path",
            "\"nvme\"",
            "\"nvme.ko\"",
            "nuc.toml:9:14: `drivers.initramfs`: `nvme.ko` is no module name",
        ),
        (
            "firmware path",
            "\"i915/*\"",
            "\"../x\"",
            "`drivers.firmware`: `../x` is no pattern below usr/lib/firmware",
        ),
        (
            "memory",
            "2048",
            "64",
            "nuc.toml:28:14: `vm.memory-mib` is 64, it can be 512 to 1048576",
        ),
        (
            "base",
            "\"base-x86_64\"",
            "\"base-mips\"",
            "nuc.toml:4:8: there is no `base-mips.toml`; bases are: base-x86_64",
        ),
        (
            "unknown mechanism",
            "\"systemd-boot\"",
            "\"grub\"",
            "nuc.toml:5:8: unknown variant `grub`, expected one of `systemd-boot`, `u-boot`, `tryboot`",
        ),
        (
            "no mechanism",
            "boot = ",
            "# boot = ",
            "nuc.toml:1:1: missing field `boot`",
        ),
        ("no toml", "title =", "title", "nuc.toml:3:"),
    ];
    for (name, from, to, message) in cases {
        let text = NUC.replacen(from, to, 1);
        assert_ne!(text, NUC, "{name}");
        let error = parse(&[("base-x86_64", BASE), ("nuc", &text)])
            .expect_err(name)
            .to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
    let error = parse(&[("base-x86_64", BASE), ("My NUC", NUC)])
        .unwrap_err()
        .to_string();
    assert!(error.contains("`My NUC` is no board name"), "{error}");
}

#[test]
fn a_wrong_base_is_told_with_file_line_and_key() {
    let cases = [
        (
            "console in cmdline",
            "\"quiet\"",
            "\"console=tty1\"",
            "`console=tty1` belongs into `kernel.consoles`",
        ),
        (
            "root in cmdline",
            "\"quiet\"",
            "\"root=/dev/sda\"",
            "`root=/dev/sda` is decided by the image builder",
        ),
        (
            "two words",
            "\"quiet\"",
            "\"a b\"",
            "`kernel.cmdline`: `a b` is not one plain word",
        ),
        (
            "no console",
            "[\"tty0\", \"ttyS0,115200\"]",
            "[]",
            "`kernel.consoles` is empty: name at least one",
        ),
        (
            "boot loader",
            "loader-path",
            "loader-file",
            "unknown field `loader-file`, expected `loader` or `loader-path`",
        ),
        (
            "architecture",
            "\"x86_64\"",
            "\"mips\"",
            "unknown variant `mips`, expected `x86_64` or `arm64`",
        ),
        (
            "name",
            "\"x86_64\"",
            "\"arm64\"",
            "a base for `arm64` must be called `base-arm64.toml`",
        ),
    ];
    for (name, from, to, message) in cases {
        let text = BASE.replacen(from, to, 1);
        assert_ne!(text, BASE, "{name}");
        let error = parse(&[("base-x86_64", &text)])
            .expect_err(name)
            .to_string();
        assert!(
            error.contains(message) && error.starts_with("base-x86_64.toml:"),
            "{name}: {error}"
        );
    }
}

#[test]
fn the_boot_mechanism_is_the_boards() {
    let boards = Boards::open(&folder()).unwrap();
    for board in boards.list() {
        let BootMechanism::SystemdBoot(files) = &board.boot else {
            continue;
        };
        let path = match board.arch() {
            Arch::X86_64 => "EFI/BOOT/BOOTX64.EFI",
            Arch::Arm64 => "EFI/BOOT/BOOTAA64.EFI",
        };
        assert_eq!(files.loader_path, path, "{}", board.name);
    }
    let (without, _) = BASE.split_once("# For boards that say").unwrap();
    let error = parse(&[("base-x86_64", without), ("nuc", NUC)])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(
            "nuc.toml:5:8: `boot` is `systemd-boot`, but `base-x86_64.toml` has no [systemd-boot]"
        ),
        "{error}"
    );
}

#[test]
fn slots_with_boot_partitions_are_the_releases() {
    const PI: &str = include_str!("../boards/rpi5.toml");
    let boards = Boards::open(&folder()).unwrap();
    let pi = boards.get("rpi5").unwrap();
    assert_eq!(pi.release, boards.get("rpi4").unwrap().release);
    assert!(pi.release.drivers.initramfs.contains("sdhci_brcmstb"));
    assert!(pi.release.drivers.root.contains("holdfast_tryboot"));
    let BootMechanism::Tryboot(boot) = &pi.boot else {
        panic!("{:?}", pi.boot);
    };
    assert_eq!(boot.words, ["console=ttyAMA10,115200"]);
    assert_eq!(pi.release.tryboot.as_ref(), Some(boot));
    assert_eq!(boards.get("nuc").unwrap().release.tryboot, None);
    let base = include_str!("../boards/base-arm64.toml");
    let two = [("base-arm64", base), ("rpi5", PI), ("rpi6", PI)];
    let error = parse(&two).expect_err("two images").to_string();
    assert!(
        error.starts_with("rpi6.toml:")
            && error.contains("a release has one image of a slot's boot partition"),
        "{error}"
    );
    for (from, to, message) in [
        (
            "\"config.txt\"",
            "\"../x\"",
            "`../x` is no path on the boot partition",
        ),
        ("console=ttyAMA10,115200", "two words", "`tryboot.words`"),
        (
            "boot = \"tryboot\"",
            "boot = \"systemd-boot\"",
            "[tryboot] is for boards that say `boot = \"tryboot\"`",
        ),
    ] {
        let text = PI.replacen(from, to, 1);
        let error = parse(&[("base-arm64", base), ("rpi5", &text)]).expect_err(to);
        assert!(error.to_string().contains(message), "{error}");
    }
    let (start, rest) = PI.split_once("[tryboot]").expect("a table");
    let (_, end) = rest.split_once("[drivers]").expect("drivers");
    let none = format!("{start}[drivers]{end}");
    let error = parse(&[("base-arm64", base), ("rpi5", &none)]).expect_err("no table");
    assert!(error.to_string().contains("has no [tryboot]"), "{error}");
}

#[test]
fn a_raspberry_pi_is_booted_by_u_boot_from_a_hybrid_table() {
    const PI: &str = include_str!("../boards/rpi4.toml");
    let base = include_str!("../boards/base-arm64.toml");
    let boards = Boards::open(&folder()).unwrap();
    let (pi, virt) = (
        boards.get("rpi4").unwrap(),
        boards.get("qemu-arm64").unwrap(),
    );
    assert_eq!(pi.release, virt.release);
    assert_eq!(pi.partition_table, PartitionTable::Hybrid);
    assert_eq!(virt.partition_table, PartitionTable::Gpt);
    let BootMechanism::UBoot(files) = &pi.boot else {
        panic!("{:?}", pi.boot);
    };
    assert!(files.texts["config.txt"].contains("kernel=u-boot.bin\n"));
    for (name, from, to, message) in [
        (
            "no section",
            "[u-boot]",
            "[drivers-of-u-boot]",
            "unknown field `drivers-of-u-boot`",
        ),
        (
            "another mechanism",
            "\"u-boot\"",
            "\"systemd-boot\"",
            "[u-boot] is for boards that say `boot = \"u-boot\"`",
        ),
        (
            "a path that leads out",
            "\"fixup4.dat\"",
            "\"../fixup4.dat\"",
            "rpi4.toml:17:1: `../fixup4.dat` is no path on the boot partition",
        ),
        (
            "a table of another kind",
            "\"hybrid\"",
            "\"mbr\"",
            "unknown variant `mbr`, expected `gpt` or `hybrid`",
        ),
    ] {
        let text = PI.replacen(from, to, 1);
        assert_ne!(text, PI, "{name}");
        let error = parse(&[("base-arm64", base), ("rpi4", &text)])
            .expect_err(name)
            .to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
    let (start, rest) = PI.split_once("[u-boot]").unwrap();
    let (_, end) = rest.split_once("[drivers]").unwrap();
    let error = parse(&[
        ("base-arm64", base),
        ("rpi4", &format!("{start}[drivers]{end}")),
    ]);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`boot` is `u-boot`, but the file has no [u-boot]"),
        "{error}"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Boards::open(&folder.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot read the folder of boards"),
        "{error}"
    );
    std::fs::write(folder.path().join("x.toml"), [0xff]).unwrap();
    let error = Boards::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("x.toml"), "{error}");
}

/// `docs/boards.md` shows a whole board; it must be one.
#[test]
fn the_example_in_the_documentation_is_a_board() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/boards.md"))
            .unwrap();
    let (_, rest) = page
        .split_once("```toml\n")
        .expect("docs/boards.md shows a board");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let boards = parse(&[("base-x86_64", BASE), ("shop", example)]).unwrap();
    assert_eq!(boards.list().count(), 1);
}

proptest! {
    #[test]
    fn any_text_is_an_answer(text in "\\PC{0,200}", at in 0_usize..2000, cut in 0_usize..50) {
        let _ = check_board_text(&text);
        let _ = check_base_text(&text);
        let at = (0..=at.min(NUC.len())).rev().find(|at| NUC.is_char_boundary(*at)).unwrap_or(0);
        let end = (at + cut).min(NUC.len());
        let edited = format!("{}{text}{}", &NUC[..at], &NUC[end..]);
        let _ = check_board_text(&edited);
    }
}
