//! Which disks may be written, from files as the kernel has them: a tree of sysfs, of a machine with many kinds of disks, in a
//! temporary folder.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

use disk::Sector;
use disk::gpt::{Table, derive_guid, types};
use disk::layout::image_partitions;
use flash::disks::{Care, Disk, DiskError, Roots, Transport, find, is_offered, judge, list};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const GB: u64 = 1_000_000_000;

struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(machine.0.path().join("sys/block")).unwrap();
        machine.write("mountinfo", "27 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n");
        machine.write("swaps", "Filename Type Size Used Priority\n");
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A disk on its way through the kernel's devices, with more files.
    fn disk(&self, way: &str, name: &str, numbers: &str, bytes: u64, files: &[(&str, &str)]) {
        let folder = format!("sys/devices/{way}/{name}");
        let size = (bytes / 512).to_string();
        let usual = [
            ("dev", numbers),
            ("size", &size),
            ("ro", "0"),
            ("removable", "0"),
            ("queue/logical_block_size", "512"),
        ];
        for (file, text) in usual.iter().chain(files) {
            self.write(&format!("{folder}/{file}"), &format!("{text}\n"));
        }
        let here = self.0.path();
        symlink(here.join(folder), here.join("sys/block").join(name)).unwrap();
    }

    fn roots(&self) -> Roots {
        let at = |name: &str| self.0.path().join(name);
        Roots {
            block: at("sys/block"),
            mounts: at("mountinfo"),
            swaps: at("swaps"),
            udev: at("udev"),
        }
    }

    fn only(&self, name: &str) -> Disk {
        let all = list(&self.roots()).unwrap();
        all.into_iter().find(|disk| disk.name == name).unwrap()
    }
}

/// A stick on USB with one partition.
fn stick(machine: &Machine, files: &[(&str, &str)]) {
    let usb = "pci0000:00/0000:00:14.0/usb2/2-1";
    for (file, text) in [("idVendor", "0781"), ("serial", "4C530001")] {
        machine.write(&format!("sys/devices/{usb}/{file}"), text);
    }
    let mut all = vec![
        ("removable", "1"),
        ("device/vendor", "SanDisk "),
        ("device/model", "Ultra           "),
        ("diskseq", "9"),
        ("sdb1/partition", "1"),
        ("sdb1/dev", "8:17"),
        ("sdb1/uevent", "DEVNAME=sdb1"),
    ];
    all.extend(files);
    machine.disk(
        &format!("{usb}/2-1:1.0/host6/target6:0:0/6:0:0:0/block"),
        "sdb",
        "8:16",
        32 * GB,
        &all,
    );
}

fn image(mib: u64) -> Table {
    let mut parts = image_partitions(types::ROOT_X86_64, |name| derive_guid(b"test", name));
    parts[2].size = mib << 20;
    Table::plan(Sector::Bytes512, derive_guid(b"test", "disk"), &parts, None).unwrap()
}

#[test]
fn a_hidden_path_to_a_disk_is_none() {
    let machine = Machine::new();
    let way = "pci0000:00/0000:00:03.0/nvme/nvme0";
    for (name, hidden) in [("nvme0c0n1", "1"), ("nvme0n1", "0")] {
        machine.disk(way, name, "259:0", 8 * GB, &[("hidden", hidden)]);
    }
    let names: Vec<String> = list(&machine.roots())
        .unwrap()
        .into_iter()
        .map(|disk| disk.name)
        .collect();
    assert_eq!(names, ["nvme0n1"]);
}

#[test]
fn what_is_plugged_in_is_told() {
    let machine = Machine::new();
    stick(&machine, &[]);
    machine.write(
        "udev/b8:17",
        "S:disk/by-label/MYCARD\nE:ID_FS_LABEL=MYCARD\n",
    );
    let disk = machine.only("sdb");
    assert_eq!(disk.title(), "SanDisk Ultra");
    assert_eq!(disk.serial.as_deref(), Some("4C530001"));
    assert_eq!((disk.transport, disk.sequence), (Transport::Usb, Some(9)));
    assert_eq!(disk.size_text(), "32.0 GB");
    assert_eq!(disk.content(), "MYCARD");
    assert_eq!(judge(&disk, Some(&image(512))), Ok(Care::Yes));
}

#[test]
fn how_it_is_connected_decides_how_one_has_to_agree() {
    let sd = [
        ("device/type", "SD"),
        ("device/name", "SC32G"),
        ("device/serial", "0x1234"),
    ];
    let emmc = [("device/type", "MMC")];
    for (name, way, files, transport, offered, care) in [
        (
            "mmcblk0",
            "platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block",
            &sd[..],
            Transport::Sd,
            true,
            Care::Yes,
        ),
        (
            "mmcblk1",
            "platform/mmc_host/mmc1/mmc1:0001/block",
            &emmc[..],
            Transport::Emmc,
            false,
            Care::Name,
        ),
        (
            "nvme1n1",
            "pci0000:00/0000:01:00.0/nvme/nvme1",
            &[],
            Transport::Nvme,
            false,
            Care::Name,
        ),
        (
            "sdc",
            "pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block",
            &[],
            Transport::Sata,
            false,
            Care::Name,
        ),
        (
            "sdd",
            "pci0000:00/0000:00:17.0/ata4/host3/target3:0:0/3:0:0:0/block",
            &[("removable", "1")],
            Transport::Sata,
            true,
            Care::Yes,
        ),
        (
            "sde",
            "pci0000:00/usb3/3-2/3-2:1.0/host7/block",
            &[],
            Transport::Usb,
            true,
            Care::Yes,
        ),
        (
            "vdb",
            "pci0000:00/virtio3/block",
            &[],
            Transport::Virtio,
            false,
            Care::Name,
        ),
        (
            "loop7",
            "virtual/block",
            &[],
            Transport::Loop,
            false,
            Care::Yes,
        ),
    ] {
        let machine = Machine::new();
        machine.disk(way, name, "99:0", 32 * GB, files);
        let disk = machine.only(name);
        assert_eq!(disk.transport, transport, "{name}");
        assert_eq!(is_offered(&disk), offered, "{name}");
        assert_eq!(judge(&disk, None), Ok(care), "{name}");
    }
}

/// What the stick's judgement says against it.
fn refusal(change: impl FnOnce(&Machine), table: Option<&Table>) -> String {
    let machine = Machine::new();
    stick(
        &machine,
        &[("holders/.keep", ""), ("sdb1/holders/.keep", "")],
    );
    for folder in ["holders", "sdb1/holders"] {
        fs::remove_file(
            machine
                .0
                .path()
                .join("sys/block/sdb")
                .join(folder)
                .join(".keep"),
        )
        .unwrap();
    }
    change(&machine);
    judge(&machine.only("sdb"), table)
        .expect_err("it must not be written")
        .to_string()
}

#[test]
fn what_is_in_use_is_refused_and_says_by_what() {
    let mounted = |line: &'static str| move |machine: &Machine| machine.write("mountinfo", line);
    let held = |by: &'static str, mount: &'static str| {
        move |machine: &Machine| {
            machine.disk("virtual/block", by, "253:0", GB, &[("dm/name", "vg-root")]);
            machine.write(&format!("sys/block/sdb/sdb1/holders/{by}"), "");
            machine.write("mountinfo", mount);
        }
    };
    let cases: [(&str, String, &str); 10] = [
        (
            "mounted",
            refusal(
                mounted("1 1 8:17 / /media/A\\040CARD rw - vfat /dev/sdb1 rw\n"),
                None,
            ),
            "sdb1 is mounted at /media/A CARD: unmount it first, as with `umount /dev/sdb1`",
        ),
        (
            "mounted whole",
            refusal(mounted("1 1 8:16 / /mnt rw - vfat /dev/sdb rw\n"), None),
            "sdb is mounted at /mnt",
        ),
        (
            "the system",
            refusal(mounted("1 1 8:17 / / rw - ext4 /dev/root rw\n"), None),
            "this system runs from it (sdb1 is mounted at /)",
        ),
        (
            "its boot partition",
            refusal(
                mounted("1 1 8:17 / /boot/efi rw - vfat /dev/sdb1 rw\n"),
                None,
            ),
            "this system runs from it",
        ),
        (
            "btrfs, by name",
            refusal(mounted("1 1 0:44 / /data rw - btrfs /dev/sdb1 rw\n"), None),
            "sdb1 is mounted at /data",
        ),
        (
            "swap",
            refusal(
                |machine| machine.write("swaps", "Filename\n/dev/sdb1 partition 8 0 -2\n"),
                None,
            ),
            "this system runs from it (sdb1 is swap)",
        ),
        (
            "LVM",
            refusal(held("dm-0", ""), None),
            "sdb1 is part of vg-root: end that first",
        ),
        (
            "the system on LVM",
            refusal(
                held("dm-0", "1 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n"),
                None,
            ),
            "this system runs from it (dm-0 is mounted at /)",
        ),
        (
            "mounted LVM, by name",
            refusal(
                held(
                    "dm-0",
                    "1 1 0:44 / /home rw - btrfs /dev/mapper/vg-root rw\n",
                ),
                None,
            ),
            "this system runs from it (dm-0 is mounted at /home)",
        ),
        (
            "RAID",
            refusal(
                |machine| machine.write("sys/block/sdb/holders/md0", ""),
                None,
            ),
            "sdb is part of md0",
        ),
    ];
    for (name, text, part) in cases {
        assert!(text.contains(part), "{name}: {text}");
    }
}

#[test]
fn what_cannot_take_the_image_is_refused() {
    let file =
        |path: &'static str, text: &'static str| move |machine: &Machine| machine.write(path, text);
    let table = image(512);
    for (name, text, part) in [
        (
            "read-only",
            refusal(file("sys/block/sdb/ro", "1\n"), None),
            "write-protected: move the small lock",
        ),
        (
            "an empty reader",
            refusal(file("sys/block/sdb/size", "0\n"), None),
            "no card or disk is in it",
        ),
        (
            "other sectors",
            refusal(
                file("sys/block/sdb/queue/logical_block_size", "4096\n"),
                Some(&table),
            ),
            "its sectors have 4096 bytes, and the image is made for 512",
        ),
        (
            "too small for the image",
            refusal(file("sys/block/sdb/size", "1000000\n"), Some(&table)),
            "it has 512000000 bytes, and the image 874512384: take one of 4 GB",
        ),
        (
            "too small for the first boot",
            refusal(file("sys/block/sdb/size", "2000000\n"), Some(&table)),
            "the image fits, but the first boot would stop: the disk is too small",
        ),
    ] {
        assert!(text.contains(part), "{name}: {text}");
    }
    let machine = Machine::new();
    machine.disk("virtual/block", "zram0", "252:0", 32 * GB, &[]);
    let text = judge(&machine.only("zram0"), None)
        .expect_err("memory")
        .to_string();
    assert!(text.contains("made of memory"), "{text}");
}

#[test]
fn without_the_kernels_files_nothing_is_judged() {
    for file in ["mountinfo", "sys/block"] {
        let machine = Machine::new();
        stick(&machine, &[]);
        let path = machine.0.path().join(file);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        let error = list(&machine.roots()).expect_err(file).to_string();
        assert!(
            error.contains(file) && error.contains("nothing is written"),
            "{error}"
        );
    }
    let machine = Machine::new();
    fs::remove_file(machine.0.path().join("swaps")).unwrap();
    assert!(list(&machine.roots()).is_ok(), "a kernel without swap");
}

#[test]
fn only_disks_are_found() {
    let machine = Machine::new();
    machine.write("card.img", "");
    for (path, part) in [
        (
            machine.0.path().join("card.img"),
            "is a file, and flash writes to cards and disks only",
        ),
        (machine.0.path().to_owned(), "is no disk"),
        (Path::new("/dev/null").to_owned(), "is no disk"),
        (machine.0.path().join("sdz"), "cannot find"),
    ] {
        let error: DiskError = find(&machine.roots(), &path).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    }
}
