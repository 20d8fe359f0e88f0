//! What is refused before a byte is written.

use super::image::{make, sum};
use super::loops::{CARD, Card, flash, sh};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

pub(crate) fn wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let packed = image.packed();
    let card = Card::new(folder.path(), CARD, &[]);
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let raw = fs::read(&image.raw).unwrap();
    let short = file("short.img", &raw[..raw.len() / 2]);
    let long = file("long.img", &[&raw[..], &[0; 512]].concat());
    let other = file("other.img", &raw);
    sum(other.as_ref());
    file("other.img", &[&raw[..raw.len() - 1], b"x"].concat());
    let no_sum = file("no-sum.img", &raw);
    file("no-sum.img.sha256", b"404 not found\n");
    let zeros = file("zeros.img", &vec![0; 8 << 20]);
    let empty = file("empty.img", b"");
    let gz = file("image.img.gz", b"\x1f\x8b\x08\0\0\0\0\0");
    let named = file("named.img.zst", &raw[..1 << 20]);
    let bytes = fs::read(&packed).unwrap();
    let cut = file("cut.img.zst", &bytes[..40_000]);
    // One byte is another: zstd's own checksum is at the very end.
    let half = bytes.len() / 2;
    let damaged = [&bytes[..half], &[bytes[half] ^ 1], &bytes[half + 1..]].concat();
    let damaged = file("damaged.img.zst", &damaged);
    let dos = file("dos.img", &dos_image());
    let wrong = file("wrong.yaml", b"version: 1\nhostnam: a\n");
    let newer = file("newer.yaml", b"version: 2\n");
    let right = file("right.yaml", b"version: 1\n");
    let strict = image.strict();
    let stale = file("stale.yaml", b"version: 1\n");
    file("stale.yaml.sig", b"ed25519:of another text\n");
    let fleet = file(
        "fleet.csv",
        b"hostname,labels.site\nStore_17,north\nstore-18\n",
    );
    let twice = file("twice.csv", b"hostname,hostname\na,b\n");
    let bad = file("bad.csv", b"hostname,labels.site\nStore_17,north\n");
    let img = image.path();
    let cases: [(&[&str], i32, &str); 25] = [
        (&["/nowhere.img"], 1, "/nowhere.img cannot be flashed"),
        (&["/tmp"], 1, "it is no file"),
        (&[&short], 1, "it is truncated"),
        (&[&long], 1, "it has more than the"),
        (&[&other], 1, "its SHA-256 is"),
        (&[&no_sum], 1, "has no SHA-256 of no-sum.img"),
        (&[&zeros], 1, "it is no Holdfast image: no GPT signature"),
        (&[&empty], 1, "it is empty"),
        (&[&gz], 1, "packed with gzip"),
        (&[&named], 1, "its content is not that of zstd"),
        (&[&cut], 1, "damaged: fetch or build it again"),
        (&[&damaged], 1, "damaged: fetch or build it again"),
        (
            &[&dos],
            1,
            "its partitions are Linux filesystem, and those of Holdfast are",
        ),
        (&[img, "--config", &wrong], 3, "wrong.yaml:2:1"),
        (&[img, "--config", &newer], 3, "version 2 is not understood"),
        (
            &[img, "--config", "/nowhere.yaml"],
            1,
            "cannot read /nowhere.yaml",
        ),
        (
            &[&strict, "--config", &right],
            1,
            "give the key with --sign-with",
        ),
        (
            &[&strict, "--config", &stale],
            1,
            "give the key with --sign-with",
        ),
        (&[img, "--set", "hostnam=a"], 3, "did you mean `hostname`"),
        (&[img, "--set", "hostname"], 2, "write KEY=VALUE"),
        (
            &[img, "--config", &right, "--inventory", &bad, "--row", "1"],
            3,
            "bad.csv:2, row 1, column hostname",
        ),
        (
            &[img, "--inventory", &bad, "--row", "9"],
            3,
            "has no row 9: it has 1 below",
        ),
        (
            &[img, "--inventory", &fleet, "--row", "2"],
            3,
            "line 3 has 1 cells, and the header 2",
        ),
        (
            &[img, "--inventory", &twice, "--row", "1"],
            3,
            "the columns 1 and 2 of the header are both `hostname`",
        ),
        (&[img, "--inventory", &bad], 2, "--row"),
    ];
    for (arguments, code, part) in cases {
        let said = flash(&[arguments, &["--device", card.device.path(), "--yes"]].concat());
        assert_eq!(said.code, code, "{arguments:?}: {said}");
        assert!(
            said.err.contains(part),
            "{arguments:?}: no `{part}` in {said}"
        );
        assert!(card.is_untouched(), "{arguments:?}: something was written");
    }
}

/// A disk of somebody else's, by `sgdisk`.
fn dos_image() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    fs::write(&path, vec![0; 8 << 20]).unwrap();
    sh(
        "sgdisk",
        &[
            "-n",
            "1:2048:8191",
            "-c",
            "1:Linux filesystem",
            path.to_str().unwrap(),
        ],
    );
    fs::read(&path).unwrap()
}

pub(crate) fn wrong_disks() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    for (size, options, part) in [
        (64 << 20, &[][..], "take one of 4 GB or more"),
        (256 << 20, &[], "the first boot would stop"),
        (CARD, &["--read-only"], "it is write-protected"),
        (
            CARD,
            &["--sector-size", "4096"],
            "its sectors have 4096 bytes",
        ),
    ] {
        let card = Card::new(folder.path(), size, options);
        let said = flash(&[image.path(), "--device", card.device.path(), "--yes"]);
        assert_eq!(said.code, 1, "{part}: {said}");
        assert!(
            said.err.contains(part) && said.err.contains("is not written"),
            "{part}: {said}"
        );
        assert!(card.is_untouched(), "{part}");
    }
    let file = folder.path().join("card");
    let system = system_disk();
    for (device, part) in [
        (
            file.to_str().unwrap(),
            "is a file, and flash writes to cards and disks only",
        ),
        ("/dev/null", "is no disk"),
        ("/dev/nowhere", "cannot find /dev/nowhere"),
        (system.as_str(), "this system runs from it"),
    ] {
        let said = flash(&[image.path(), "--device", device, "--yes"]);
        assert_eq!(said.code, 1, "{device}: {said}");
        assert!(said.err.contains(part), "{device}: {said}");
    }
}

/// The disk that `/` is on.
fn system_disk() -> String {
    let source = sh("findmnt", &["-n", "-o", "SOURCE", "/"]);
    let parent = sh("lsblk", &["-n", "-o", "PKNAME", source.trim()]);
    match parent.lines().next().map(str::trim) {
        Some(disk) if !disk.is_empty() => format!("/dev/{disk}"),
        _ => source.trim().to_owned(),
    }
}

/// A partition that the kernel knows, until dropped: loop devices are used again by the next test.
struct Part(String);

impl Part {
    fn new(device: &str) -> Self {
        sh("addpart", &[device, "1", "8192", "65536"]);
        Part(device.to_owned())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let part = format!("{}p1", self.0);
        let _ = Command::new("swapoff").arg(&part).output();
        let _ = Command::new("umount").arg(&part).output();
        let _ = Command::new("delpart").args([&self.0, "1"]).status();
    }
}

pub(crate) fn in_use() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let (device, at) = (card.device.path(), folder.path().join("mounted"));
    let at = at.to_str().unwrap();
    fs::create_dir(at).unwrap();
    let refused = |device: &str, part: &str| {
        let said = flash(&[image.path(), "--device", device, "--yes"]);
        assert_eq!(said.code, 1, "{part}: {said}");
        assert!(said.err.contains(part), "no `{part}` in {said}");
        assert!(card.is_untouched(), "{part}");
    };
    // Of a partition, as a desktop mounts it.
    let made = Part::new(device);
    let part = format!("{device}p1");
    sh("mkfs.ext4", &["-q", "-F", &part]);
    refused(
        &part,
        &format!("is a partition: name the whole disk, {device}"),
    );
    sh("mount", &[&part, at]);
    refused(
        device,
        &format!(
            "{}p1 is mounted at {at}: unmount it first",
            card.device.name()
        ),
    );
    sh("umount", &[at]);
    sh("mkswap", &[&part]);
    if Command::new("swapon")
        .arg(&part)
        .status()
        .is_ok_and(|status| status.success())
    {
        refused(device, &format!("{}p1 is swap", card.device.name()));
        sh("swapoff", &[&part]);
    } else {
        eprintln!("flash: this kernel takes no swap: a disk with swap was not tried");
    }
    drop(made);
    // A program that has it for itself, which no table of the kernel tells.
    let holder = fs::File::options()
        .read(true)
        .custom_flags(O_EXCL)
        .open(device)
        .unwrap();
    refused(device, "is in use");
    drop(holder);
    let said = flash(&[image.path(), "--device", device, "--yes"]);
    assert_eq!(said.code, 0, "nothing uses it any more: {said}");
}

/// For this process alone, on a block device (open(2)).
const O_EXCL: i32 = 0o200;

pub(crate) fn nobody_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let device = card.device.path();
    for (arguments, part) in [
        (
            &[image.path(), "--device", device][..],
            "say --yes if all that is on the disk may be lost",
        ),
        (&[image.path()], "say with --device which disk to write"),
        (&[image.path(), "--yes"], "--device"),
        (&[], "required"),
    ] {
        let said = flash(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {said}");
        assert!(said.err.contains(part), "{arguments:?}: {said}");
        assert!(card.is_untouched(), "{arguments:?}");
    }
    let said = flash(&["--list"]);
    assert_eq!(said.code, 0, "{said}");
    assert!(
        !said.out.contains(card.device.name()),
        "a loop device is none to choose: {said}"
    );
}
