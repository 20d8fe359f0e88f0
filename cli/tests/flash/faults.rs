//! What goes wrong while writing: each says that the disk is not usable, and leaves none that looks as if it were.

use super::image::make;
use super::loops::{CARD, Card, flash, flash_and, sh};
use std::fs;
use std::process::Command;

const NOT_USABLE: &str = "is not usable now: its partition table was removed first";

/// A file system of so many bytes, in memory: what does not fit is a write error of the loop device above.
struct Tight(std::path::PathBuf);

impl Tight {
    fn new(folder: &std::path::Path, mib: u32) -> Self {
        let at = folder.join("tight");
        fs::create_dir(&at).unwrap();
        sh(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mib}m"),
                "tight",
                at.to_str().unwrap(),
            ],
        );
        Tight(at)
    }
}

impl Drop for Tight {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

pub(crate) fn write_error() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let tight = Tight::new(folder.path(), 48);
    let card = Card::new(&tight.0, CARD, &[]);
    let said = flash(&[image.path(), "--device", card.device.path(), "--yes"]);
    assert_eq!(said.code, 1, "{said}");
    assert!(
        said.err.contains(NOT_USABLE) && said.err.contains("because: cannot write at byte"),
        "{said}"
    );
    assert!(card.has_no_table(), "{said}");
    drop(card);
}

pub(crate) fn goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    let card = Card::new(folder.path(), CARD, &[]);
    let device = card.device.path();
    // A device that is pulled out has no bytes any more.
    let said = flash_and(
        &[image.path(), "--device", device, "--yes", "--write-zeros"],
        |_| {
            fs::File::options()
                .write(true)
                .open(&card.file)
                .unwrap()
                .set_len(0)
                .unwrap();
            sh("losetup", &["-c", device]);
        },
    );
    assert_eq!(said.code, 1, "{said}");
    assert!(
        said.err.contains(NOT_USABLE) && said.err.contains("pulled out"),
        "{said}"
    );
}

pub(crate) fn interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let image = make(folder.path());
    for (signal, times) in [("-INT", 1), ("-TERM", 1)] {
        let card = Card::new(folder.path(), CARD, &[]);
        let said = flash_and(
            &[
                image.path(),
                "--device",
                card.device.path(),
                "--yes",
                "--write-zeros",
            ],
            |id| {
                for _ in 0..times {
                    sh("kill", &[signal, &id.to_string()]);
                }
            },
        );
        assert_eq!(said.code, 130, "{said}");
        assert!(
            said.err.contains(NOT_USABLE)
                && said.err.contains("because: it was stopped after byte"),
            "{said}"
        );
        assert!(card.has_no_table(), "{said}");
    }
}
