//! Every reason for and against a disk.

use super::{Candidate, WhyNot, choose};
use crate::Content;
use disk_devices::{Disk, Transport, Use, UseKind};
use os_config::{Install, parse_config};

const KEY: &str = "this stick's";

fn disk(name: &str, transport: Transport, gigabytes: u64) -> Candidate {
    Candidate {
        disk: Disk {
            name: name.into(),
            numbers: "8:0".into(),
            sequence: None,
            size: gigabytes * 1_000_000_000,
            sector: 512,
            read_only: false,
            removable: false,
            transport,
            model: Some(format!("Model of {name}")),
            serial: Some(format!("S-{name}")),
            parts: Vec::new(),
            uses: Vec::new(),
        },
        is_booted: false,
        is_named: false,
        unfit: None,
        content: Content::Empty,
    }
}

fn stick() -> Candidate {
    Candidate {
        is_booted: true,
        ..disk("sda", Transport::Usb, 8)
    }
}

/// A PC with its stick, a large NVMe disk and a small SATA disk.
fn pc() -> Vec<Candidate> {
    vec![
        disk("nvme0n1", Transport::Nvme, 500),
        stick(),
        disk("sdb", Transport::Sata, 64),
    ]
}

fn install(text: &str) -> Install {
    let text = format!("version: 1\ninstall: {text}\n");
    let config = parse_config("config.yaml", text.as_bytes());
    let config = config.unwrap_or_else(|report| panic!("{report}"));
    config.install.expect("it is there")
}

/// The name of the disk that is taken, or each name with the reason against it.
fn taken(text: &str, candidates: &[Candidate]) -> String {
    match choose(&install(text), KEY, candidates) {
        Ok(at) => candidates[at].disk.name.clone(),
        Err(refusal) => {
            let why = refusal.disks.iter();
            let why = why.map(|(disk, why)| format!("{}: {why}", disk.name));
            why.collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn a_disk_is_chosen_by_what_is_said_and_never_the_stick() {
    let booted = "sda: this machine was started from it";
    for (text, expected) in [
        ("{disk: {bus: nvme}}", "nvme0n1".to_owned()),
        ("{disk: {model: MODEL OF SD}}", "sdb".to_owned()),
        ("{disk: {serial: S-sdb}}", "sdb".to_owned()),
        ("{disk: {min_size: 100 GB}}", "nvme0n1".to_owned()),
        ("{disk: {max_size: 100 GB}}", "sdb".to_owned()),
        ("{disk: {prefer: largest}}", "nvme0n1".to_owned()),
        ("{disk: {prefer: smallest}}", "sdb".to_owned()),
        (
            "{disk: {prefer: smallest, min_size: 100 GB}}",
            "nvme0n1".to_owned(),
        ),
        (
            "{}",
            format!("nvme0n1: it fits, and so do others; {booted}; sdb: it fits, and so do others"),
        ),
        (
            "{disk: {bus: usb}}",
            format!("nvme0n1: `install.disk.bus` is usb; {booted}; sdb: `install.disk.bus` is usb"),
        ),
        (
            "{disk: {serial: S-sda}}",
            format!(
                "nvme0n1: `install.disk.serial` is S-sda; {booted}; sdb: `install.disk.serial` is S-sda"
            ),
        ),
        (
            "{disk: {min_size: 1 TB}}",
            format!(
                "nvme0n1: `install.disk.min_size` is 1000.0 GB; {booted}; sdb: `install.disk.min_size` is 1000.0 GB"
            ),
        ),
        (
            "{disk: {path: /dev/nvme7n1}}",
            format!(
                "nvme0n1: `install.disk.path` is /dev/nvme7n1; {booted}; sdb: `install.disk.path` is /dev/nvme7n1"
            ),
        ),
    ] {
        assert_eq!(taken(text, &pc()), expected, "{text}");
    }
    let mut named = pc();
    named[2].is_named = true;
    assert_eq!(taken("{disk: {path: /dev/disk/by-id/x}}", &named), "sdb");
    named[1].is_named = true;
    named[2].is_named = false;
    assert!(taken("{disk: {path: /dev/sda}, wipe: true}", &named).contains(booted));
    assert_eq!(taken("{}", &[]), "");
}

#[test]
fn a_usb_disk_is_taken_only_when_it_is_meant() {
    let other = [stick(), disk("sdb", Transport::Usb, 32)];
    for (text, expected) in [
        ("{disk: {bus: usb}}", true),
        ("{disk: {serial: S-sdb}}", true),
        ("{}", false),
        ("{wipe: true}", false),
        ("{disk: {model: sdb}}", false),
        ("{disk: {min_size: 16 GB}}", false),
    ] {
        let taken = taken(text, &other);
        assert_eq!(taken == "sdb", expected, "{text}: {taken}");
        assert!(
            expected || taken.contains("sdb: it is a USB disk"),
            "{taken}"
        );
    }
    let mut same = [
        disk("sdb", Transport::Sata, 64),
        disk("sdc", Transport::Sata, 64),
    ];
    let both = "sdb: it fits, and so do others; sdc: it fits, and so do others";
    assert_eq!(taken("{disk: {prefer: largest}}", &same), both);
    same[1].disk.size -= 512;
    assert_eq!(taken("{disk: {prefer: largest}}", &same), "sdb");
}

/// The change of a disk that would be taken, what `install` says, and what is said against it; none where it is taken.
type Case = (
    &'static str,
    fn(&mut Candidate),
    &'static str,
    Option<&'static str>,
);

#[test]
fn what_is_on_a_disk_is_not_lost_unless_that_is_said() {
    let cases: [Case; 14] = [
        ("an empty one", |_| {}, "{}", None),
        (
            "interrupted",
            |it| it.content = Content::Interrupted,
            "{}",
            None,
        ),
        (
            "data",
            |it| it.content = Content::Data("gpt, ext4".into()),
            "{}",
            Some("it has data (gpt, ext4)"),
        ),
        (
            "data to be wiped",
            |it| it.content = Content::Data("gpt".into()),
            "{wipe: true}",
            None,
        ),
        (
            "data not to be wiped",
            |it| it.content = Content::Data("gpt".into()),
            "{wipe: false}",
            Some("it has data (gpt)"),
        ),
        (
            "another installation",
            |it| {
                it.content = Content::Installed {
                    key: "another's".into(),
                    release: "0.1.0".into(),
                }
            },
            "{}",
            Some("it has data (Holdfast 0.1.0)"),
        ),
        (
            "another installation to be wiped",
            |it| {
                it.content = Content::Installed {
                    key: "another's".into(),
                    release: "0.1.0".into(),
                }
            },
            "{wipe: true}",
            None,
        ),
        (
            "this installation, whatever is said",
            |it| {
                it.content = Content::Installed {
                    key: KEY.into(),
                    release: "0.1.0".into(),
                }
            },
            "{wipe: true}",
            Some("this stick has installed Holdfast 0.1.0 on it already"),
        ),
        (
            "unreadable",
            |it| it.content = Content::Unknown("I/O error".into()),
            "{wipe: true}",
            Some("I/O error"),
        ),
        (
            "read-only",
            |it| it.disk.read_only = true,
            "{wipe: true}",
            Some("it is write-protected"),
        ),
        (
            "in use",
            |it| {
                it.disk.uses.push(Use {
                    node: "nvme0n1p1".into(),
                    kind: UseKind::Swap,
                })
            },
            "{wipe: true}",
            Some("it is in use: nvme0n1p1 is swap"),
        ),
        (
            "too small",
            |it| it.unfit = Some("it is too small".into()),
            "{wipe: true}",
            Some("it is too small"),
        ),
        (
            "no card",
            |it| it.disk.size = 0,
            "{wipe: true}",
            Some("no card or disk is in it"),
        ),
        (
            "the stick",
            |it| it.is_booted = true,
            "{wipe: true}",
            Some("this machine was started from it"),
        ),
    ];
    for (case, change, text, against) in cases {
        let mut one = disk("nvme0n1", Transport::Nvme, 500);
        change(&mut one);
        let expected = against.map_or("nvme0n1".to_owned(), |why| format!("nvme0n1: {why}"));
        assert_eq!(taken(text, &[one]), expected, "{case}");
    }
}

#[test]
fn a_refusal_tells_each_disk_and_what_to_do() {
    let mut disks = pc();
    disks[0].content = Content::Data("gpt".into());
    let refusal = choose(&install("{disk: {bus: nvme}}"), KEY, &disks).expect_err("it has data");
    assert_eq!(
        refusal.to_string(),
        "/dev/nvme0n1: Model of nvme0n1, 500.0 GB, nvme, serial number S-nvme0n1: it has data (gpt)\n\
         /dev/sda: Model of sda, 8.0 GB, usb, serial number S-sda: this machine was started from it\n\
         /dev/sdb: Model of sdb, 64.0 GB, sata, serial number S-sdb: `install.disk.bus` is nvme"
    );
    assert!(refusal.cure().contains("`wipe: true` below `install:`"));
    assert!(refusal.installed_on().is_none());
    let why =
        |text: &str, disks: &[Candidate]| choose(&install(text), KEY, disks).expect_err("refused");
    assert!(why("{}", &pc()).cure().contains("`prefer: smallest`"));
    assert!(why("{}", &[stick()]).cure().contains("Plug in the disk"));
    assert_eq!(why("{}", &[]).to_string(), "This machine has no disk.");
    disks[0].content = Content::Installed {
        key: KEY.into(),
        release: "0.1.0".into(),
    };
    let already = why("{disk: {bus: nvme}}", &disks);
    assert!(already.installed_on().is_some());
    assert!(already.cure().contains("Pull the stick out"));
    assert!(matches!(already.disks[0].1, WhyNot::Installed(_)));
}
