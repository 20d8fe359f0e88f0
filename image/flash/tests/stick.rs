//! An image with a bundle behind it, judged by foreign programs and by the plan of a first boot.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on shall stop where it is; its files need not outlast it, and its judges are programs"
)]

use disk::gpt::{self, Table, derive_guid, types};
use disk::layout::{Change, PartitionRole, image_partitions, plan};
use disk::{Geometry, Sector};
use flash::image::{Image, Patch, must_be_signed};
use flash::stick::{StickError, with_bundle};
use formats::Window;
use formats::fat::{self, Kind, Label, VolumeSpec};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

/// A card's image with an empty system, full of holes.
fn image(path: &Path) -> Table {
    let parts = image_partitions(types::ROOT_X86_64, |name| derive_guid(b"test", name));
    let guid = derive_guid(b"test", "disk");
    let table = Table::plan(Sector::Bytes512, guid, &parts, None).unwrap();
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    file.set_len(table.disk_size()).unwrap();
    gpt::create(&mut file, &table).unwrap();
    let config = table.extent(table.role(PartitionRole::Config).unwrap());
    let mut window = Window::new(&file, config.offset, config.size).unwrap();
    let spec = VolumeSpec {
        kind: Kind::Fat16,
        label: Label::new("CONFIG").unwrap(),
        id: 1,
        cluster: 2048,
    };
    fat::format(&mut window, &spec).unwrap();
    table
}

fn bundle(folder: &Path) {
    let at = folder.join("holdfast/images/blobs/sha256");
    fs::create_dir_all(&at).unwrap();
    fs::write(folder.join("holdfast/bundle.json"), "{}").unwrap();
    fs::write(at.join("a".repeat(64)), vec![0x5a; 40 << 20]).unwrap();
}

fn says(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}{errors}");
    said
}

#[test]
fn a_stick_has_the_image_and_the_bundle_and_room_for_a_first_boot() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let before = image(&at("holdfast.img"));
    bundle(&at("bundle"));
    let image = Image::open(&at("holdfast.img")).unwrap();
    let config = Patch::with_config(&image, b"version: 1\n", Some(b"a signature\n")).unwrap();
    let size = with_bundle(&image, Some(&config), &at("bundle"), &at("stick.img")).unwrap();

    let stick = File::open(at("stick.img")).unwrap();
    assert_eq!(stick.metadata().unwrap().len(), size);
    let path = at("stick.img").display().to_string();
    let judged = says("sgdisk", &["-v", &path]);
    assert!(judged.contains("No problems found"), "{judged}");
    let table = gpt::current(&stick, Geometry::new(Sector::Bytes512, size)).unwrap();
    assert_eq!(table.partitions[..3], before.partitions[..]);
    let own = table.find("HOLDFAST").unwrap();
    let extent = table.extent(own);

    // Cut out: fsck.fat knows no offsets.
    let volume = at("volume").display().to_string();
    let mut out = File::create(&volume).unwrap();
    let mut window = Window::new(&stick, extent.offset, extent.size).unwrap();
    std::io::copy(&mut window, &mut out).unwrap();
    let judged = says("fsck.fat", &["-n", "-v", &volume]);
    assert!(judged.contains("32 bit"), "{judged}");
    let label = says("mlabel", &["-i", &volume, "-s", "::"]);
    assert!(label.contains("HOLDFAST"), "{label}");
    let blob = format!("::holdfast/images/blobs/sha256/{}", "a".repeat(64));
    let copy = at("copy").display().to_string();
    says("mcopy", &["-i", &volume, &blob, &copy]);
    assert!(fs::read(&copy).unwrap() == vec![0x5a; 40 << 20]);
    let config = table.extent(table.role(PartitionRole::Config).unwrap());
    let config = fat::open_at(&stick, config.offset, config.size).unwrap();
    assert_eq!(
        config.read_file("config.yaml", 100).unwrap(),
        b"version: 1\n"
    );
    assert_eq!(
        config.read_file("config.yaml.sig", 100).unwrap(),
        b"a signature\n"
    );

    // On a stick of 8 GB the first boot adds slot B and state behind the bundle.
    let planned = plan(&table, 8_000_000_000 / 512, || [7; 16]).unwrap();
    let added = [Change::MoveBackup, Change::AddRootB, Change::AddState];
    assert_eq!(planned.changes, added);
    let behind = planned.table.state().unwrap().number;
    assert_eq!(behind, 6);
    assert!(
        planned
            .table
            .find("HOLDFAST")
            .is_some_and(|p| p.last_lba == own.last_lba)
    );

    // It can be flashed like any image, and takes no second bundle.
    let again = Image::open(&at("stick.img")).unwrap();
    let refused = with_bundle(&again, None, &at("bundle"), &at("other.img"));
    assert!(matches!(refused, Err(StickError::NoEntry)));
}

#[test]
fn a_file_that_fat_cannot_hold_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    image(&at("holdfast.img"));
    bundle(&at("bundle"));
    let large = at("bundle").join("holdfast/images/large");
    File::create(&large).unwrap().set_len(4 << 30).unwrap();
    let image = Image::open(&at("holdfast.img")).unwrap();
    let refused = with_bundle(&image, None, &at("bundle"), &at("stick.img"));
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("holdfast/images/large has 4294967296 bytes"),
        "{refused}"
    );
    assert!(!at("stick.img").exists());
}

#[test]
fn an_image_says_that_it_takes_only_signed_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holdfast.img");
    let table = image(&path);
    assert!(!must_be_signed(&Image::open(&path).unwrap()).unwrap());
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let config = table.extent(table.role(PartitionRole::Config).unwrap());
    let volume = fat::open(Window::new(&file, config.offset, config.size).unwrap()).unwrap();
    volume.write_file("SIGNED.txt", &mut &b"x"[..]).unwrap();
    volume.finish().unwrap();
    assert!(must_be_signed(&Image::open(&path).unwrap()).unwrap());
}
