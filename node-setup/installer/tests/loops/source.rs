//! What is read from a stick: its table from a loop device, its partitions from files.

use crate::Loop;
use crate::stick::{Stick, bytes};
use disk::Sector;
use disk::gpt::{self, Table, derive_guid, types};
use disk::layout::image_partitions;
use formats::fat::{self, Kind, Label, VolumeSpec};
use formats::uki::Uki;
use init_api::{BootRecord, Partitions, Release, Root, Slot, Started, StateOutcome, paths, store};
use installer::{Files, Source};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

const STUB: &[u8] = include_bytes!("../../../../tests/fuzz/seeds/uki/stub");

fn kernel(cmdline: &str) -> Vec<u8> {
    let uki = Uki {
        os_release: b"ID=holdfast\n",
        cmdline,
        uname: "6.12",
        linux: STUB,
        initrd: b"an initramfs",
        ..Uki::default()
    };
    uki.build(STUB).expect("a kernel")
}

fn volume(path: &Path, size: u64, kind: Kind, files: &Files) {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .expect("made");
    file.set_len(size).expect("as long as a partition");
    let spec = VolumeSpec {
        kind,
        label: Label::new("STICK").expect("a label"),
        id: 1,
        cluster: 2048,
    };
    fat::format(&mut file, &spec).expect("formatted");
    let volume = fat::open(file).expect("opened");
    for (path, content) in files {
        volume.write_file(path, &mut &content[..]).expect("written");
    }
    volume.finish().expect("finished");
}

/// The stick's own disk, with the table of an image.
fn table(folder: &Path) -> Loop {
    let guid = |name: &str| derive_guid(b"stick", name);
    let partitions = image_partitions(types::ROOT_ARM64, guid);
    let table = Table::plan(Sector::Bytes512, guid("disk"), &partitions, None).expect("planned");
    let path = folder.join("stick");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .expect("made");
    file.set_len(table.disk_size())
        .expect("as long as an image");
    gpt::create(&mut file, &table).expect("written");
    Loop::new(&path, Sector::Bytes512).expect("a loop device")
}

/// The partitions' nodes of a machine that was booted from the stick.
fn machine(root: &Path, disk: &Path, stick: &Stick) -> Root {
    let root = Root::new(root);
    fs::create_dir_all(root.path("/dev")).expect("folder");
    fs::create_dir_all(root.path("/proc")).expect("folder");
    let node = Path::new("/dev").join(disk.file_name().expect("a name"));
    symlink(disk, root.path(&node)).expect("linked");
    let part = |name: &str| Some(Path::new("/dev").join(name));
    let record = BootRecord {
        slot: Slot::B,
        root_hash: stick.wanted.hash.to_string(),
        disk: node,
        partitions: Partitions {
            boot: part("boot"),
            config: part("config"),
            root: part("root"),
            opened_state: None,
            spare_root: None,
            state: None,
        },
        state: StateOutcome::Created,
        watchdog: None,
        started: Started::default(),
        trial: None,
        phases: Vec::new(),
    };
    store(root.path(paths::BOOT), &record).expect("stored");
    let release = Release {
        version: "0.2.0".into(),
        build_time: 1,
        kubernetes: None,
    };
    store(root.path(paths::RELEASE), &release).expect("stored");
    let cmdline = format!("quiet {} x=y\n", stick.wanted);
    fs::write(root.path("/proc/cmdline"), cmdline).expect("written");
    root
}

pub(crate) fn what_is_on_a_stick() {
    let folder = tempfile::tempdir().expect("folder");
    let stick = Stick::new();
    let disk = table(folder.path());
    let root = machine(&folder.path().join("root"), &disk.0, &stick);
    let ours = kernel(&format!("{} holdfast.version=0.2.0", stick.wanted));
    let hash = "ab".repeat(32);
    let other = kernel(&format!("holdfast.roothash={hash} holdfast.rootsize=4096"));
    let file = |path: &str, content: &[u8]| (path.to_owned(), content.to_vec());
    let boot = vec![
        file("EFI/BOOT/BOOTX64.EFI", b"a boot loader"),
        file("EFI/Linux/holdfast_0.1.0.efi", &other),
        file("EFI/Linux/holdfast_0.2.0+2-1.efi", &ours),
        file("loader/loader.conf", b"timeout 0\n"),
        file("loader/random-seed", &[1; 32]),
    ];
    volume(&root.path("/dev/boot"), 256 << 20, Kind::Fat32, &boot);
    let text = b"version: 1\ninstall: {}\n";
    let config = vec![file("README.txt", b"read me"), file("config.yaml", text)];
    volume(&root.path("/dev/config"), 64 << 20, Kind::Fat16, &config);
    fs::write(root.path("/dev/root"), bytes(&stick.root)).expect("written");

    let source = Source::open(&root).expect("a stick");
    assert_eq!(
        source.disk,
        disk.0.file_name().expect("a name").to_string_lossy()
    );
    assert_eq!(
        (source.release.as_str(), source.text.as_slice()),
        ("0.2.0", &text[..])
    );
    assert_eq!(source.root_type, types::ROOT_ARM64);
    assert_eq!(
        (source.wanted, source.root_size),
        (stick.wanted, stick.root_size)
    );
    let names = |files: &Files| {
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&source.config), ["README.txt"]);
    assert_eq!(
        names(&source.boot),
        [
            "EFI/BOOT/BOOTX64.EFI",
            "EFI/Linux/holdfast_0.2.0.efi",
            "loader/loader.conf"
        ]
    );
    assert!(source.boot[1].1 == ours, "the kernel of the running root");

    // A stick whose kernels are all of other roots is told of.
    volume(
        &root.path("/dev/boot"),
        256 << 20,
        Kind::Fat32,
        &boot[..2].to_vec(),
    );
    let error = Source::open(&root).expect_err("no kernel").to_string();
    assert!(
        error.contains("no kernel for the root that runs"),
        "{error}"
    );
}
