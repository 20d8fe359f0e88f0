//! What is written, judged by other programs.

use super::image::{Image, make};
use super::loops::{CARD, Card, Loop, flash, sh};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MINE: &str = "# the stores of the north\nversion: 1\nhostname: store   # each has its own\nlabels:\n  site: none\n";

/// What `sgdisk` says against the table, on a device that is as long as the image.
fn table_is_whole(card: &Card, image: &Image) {
    let limit = image.size.to_string();
    let part = Loop::new(&card.file, &["--read-only", "--sizelimit", &limit]);
    let said = sh("sgdisk", &["-v", part.path()]);
    assert!(said.contains("No problems found"), "{said}");
}

/// `cmp` of the image and the card, without the CONFIG volume unless that is as it was.
fn same_as_image(card: &Card, image: &Image, but_config: bool) {
    let (path, device) = (image.path(), card.device.path());
    let count = |bytes: u64| bytes.to_string();
    if !but_config {
        sh("cmp", &["-n", &count(image.size), path, device]);
        return;
    }
    let behind = image.config.offset + image.config.size;
    sh("cmp", &["-n", &count(image.config.offset), path, device]);
    sh(
        "cmp",
        &[
            "-n",
            &count(image.size - behind),
            "-i",
            &count(behind),
            path,
            device,
        ],
    );
}

/// The `config.yaml` on the card, and what `fsck.fat` thinks of its volume.
fn config_on(card: &Card, image: &Image, folder: &Path) -> String {
    let volume = folder.join("volume");
    let mut bytes = vec![0; image.config.size as usize];
    fs::File::open(&card.file)
        .unwrap()
        .read_exact_at(&mut bytes, image.config.offset)
        .unwrap();
    fs::write(&volume, bytes).unwrap();
    let volume = volume.to_str().unwrap();
    sh("fsck.fat", &["-n", volume]);
    assert!(
        sh("mdir", &["-b", "-i", volume]).contains("README.txt"),
        "other files stay"
    );
    sh("mtype", &["-i", volume, "::config.yaml"])
}

pub(crate) fn unpacked_with_config() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let config = folder.path().join("mine.yaml");
    fs::write(&config, MINE).unwrap();
    let config = config.to_str().unwrap();
    let said = flash(&[
        image.path(),
        "--device",
        card.device.path(),
        "--yes",
        "--config",
        config,
        "--set",
        "hostname=store-17-a",
        "--set",
        "labels.site=north",
    ]);
    assert_eq!(said.code, 0, "{said}");
    for part in [
        "written   136.3 MB",
        "MB/s",
        "compared  all of it",
        "no .sha256 beside it",
        "for x86-64",
        "mine.yaml with --set, checked",
        "next ",
    ] {
        assert!(said.out.contains(part), "no `{part}` in {said}");
    }
    assert!(
        said.err.contains("small.img.sha256") && said.err.contains("remark: "),
        "{said}"
    );
    same_as_image(&card, &image, true);
    table_is_whole(&card, &image);
    let expected = MINE
        .replace("hostname: store ", "hostname: store-17-a ")
        .replace("none", "north");
    assert_eq!(config_on(&card, &image, folder.path()), expected);
}

pub(crate) fn packed() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let packed = image.packed();
    let card = Card::new(folder.path(), CARD, &[]);
    let said = flash(&[
        packed.to_str().unwrap(),
        "--device",
        card.device.path(),
        "--yes",
    ]);
    assert_eq!(said.code, 0, "{said}");
    assert!(
        said.out.contains("as its .sha256 says")
            && said.out.contains("the image's own config.yaml"),
        "{said}"
    );
    assert!(
        said.out.contains("zeros that the disk made by itself"),
        "{said}"
    );
    same_as_image(&card, &image, false);
    table_is_whole(&card, &image);
}

pub(crate) fn zeros_sent() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let said = flash(&[
        image.path(),
        "--device",
        card.device.path(),
        "--yes",
        "--write-zeros",
    ]);
    assert_eq!(said.code, 0, "{said}");
    assert!(!said.out.contains("by itself"), "{said}");
    same_as_image(&card, &image, false);
}

pub(crate) fn inventory() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let (config, fleet) = (
        folder.path().join("mine.yaml"),
        folder.path().join("fleet.csv"),
    );
    fs::write(&config, MINE).unwrap();
    fs::write(
        &fleet,
        "hostname,labels.site,labels[example.com/rack]\nstore-17-a,north,r1\nstore-17-b,,r2\n",
    )
    .unwrap();
    for (row, expected) in [
        (
            "1",
            "hostname: store-17-a   # each has its own\nlabels:\n  site: north\n  example.com/rack: r1\n",
        ),
        (
            "hostname=store-17-b",
            "hostname: store-17-b   # each has its own\nlabels:\n  site: none\n  example.com/rack: r2\n",
        ),
    ] {
        let (config, fleet) = (config.to_str().unwrap(), fleet.to_str().unwrap());
        let said = flash(&[
            image.path(),
            "--device",
            card.device.path(),
            "--yes",
            "--config",
            config,
            "--inventory",
            fleet,
            "--row",
            row,
        ]);
        assert_eq!(said.code, 0, "{said}");
        let found = config_on(&card, &image, folder.path());
        assert!(
            found.ends_with(expected) && found.starts_with("# the stores"),
            "{row}: {found}"
        );
    }
}

pub(crate) fn set_without_config() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let packed = image.packed();
    let said = flash(&[
        packed.to_str().unwrap(),
        "--device",
        card.device.path(),
        "--yes",
        "--set",
        "hostname=a-1",
    ]);
    assert_eq!(said.code, 0, "{said}");
    assert_eq!(
        config_on(&card, &image, folder.path()),
        "# the image's own\nversion: 1\nhostname: a-1\n"
    );
}
