use super::{RECORD, RECORD_SIZE, Record, SPARE_RECORD, UBoot};
use crate::{BootLoader, Counter, Entry, EntryName};
use std::fs;
use tempfile::TempDir;

fn name(version: &str) -> EntryName {
    EntryName::of_version(version).expect("a version")
}

fn counter(left: u32, done: u32) -> Option<Counter> {
    Some(Counter { left, done })
}

/// A boot partition with the release 1, as the image has it.
fn partition() -> (TempDir, UBoot) {
    let folder = tempfile::tempdir().expect("folder");
    let programs = folder.path().join("EFI/Linux");
    fs::create_dir_all(&programs).expect("folder");
    fs::write(programs.join("holdfast_1.efi"), "1").expect("written");
    for file in [RECORD, SPARE_RECORD] {
        let record = Record::of(name("1")).render();
        fs::write(folder.path().join(file), record).expect("written");
    }
    let boot = UBoot::new(folder.path());
    (folder, boot)
}

fn staged(boot: &UBoot, version: &str) -> EntryName {
    let name = name(version);
    let mut writing = boot.begin(&name, 1).expect("room");
    writing.write(version.as_bytes()).expect("written");
    let digest = host::digest::of_bytes(version.as_bytes());
    writing.finish(&digest).expect("the same");
    boot.check_waiting(&name, &digest).expect("it waits");
    name
}

fn text(folder: &TempDir, file: &str) -> String {
    let bytes = fs::read(folder.path().join(file)).expect("read");
    assert_eq!(bytes.len(), RECORD_SIZE);
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn found(boot: &UBoot, name: &EntryName) -> Option<Option<Counter>> {
    let entry: Option<Entry> = boot.find(name).expect("a record");
    entry.map(|entry| entry.counter)
}

#[test]
fn a_release_is_tried_counted_and_then_good_and_the_one_before_is_kept() {
    let (folder, boot) = partition();
    let (one, two) = (name("1"), name("2"));
    assert!(boot.arm(&two, 3).is_err(), "nothing waits");
    staged(&boot, "2");
    assert_eq!((boot.waits(&two), found(&boot, &two)), (true, None));
    boot.arm(&two, 3).expect("armed");
    assert_eq!(
        text(&folder, RECORD),
        "done=0\ngood=holdfast_1.efi\nleft=3\ntrial=holdfast_2.efi\n"
    );
    assert_eq!(text(&folder, SPARE_RECORD), "good=holdfast_1.efi\n");
    assert_eq!(found(&boot, &two), Some(counter(3, 0)));
    let program = boot.program_of(&two).expect("readable").expect("an entry");
    assert_eq!(fs::read(program).expect("there"), b"2");
    assert_eq!(boot.program_of(&name("3")).expect("readable"), None);
    assert!(boot.begin(&two, 1).is_err(), "it may be started");
    boot.count(&two, counter(2, 1)).expect("counted");
    assert_eq!(found(&boot, &two), Some(counter(2, 1)));
    boot.count(&one, None).expect("the good one is as it was");
    assert_eq!(found(&boot, &two), Some(counter(2, 1)));
    let error = boot.count(&one, counter(3, 0)).expect_err("the good one");
    assert!(error.to_string().contains("has no counter"), "{error}");
    boot.count(&two, None).expect("good");
    for file in [RECORD, SPARE_RECORD] {
        assert_eq!(
            text(&folder, file),
            "good=holdfast_2.efi\nkept=holdfast_1.efi\n"
        );
    }
    assert_eq!(
        (found(&boot, &one), found(&boot, &two)),
        (Some(None), Some(None))
    );
}

#[test]
fn the_way_back_is_a_trial_of_the_one_that_is_kept() {
    let (folder, boot) = partition();
    let (one, two) = (name("1"), staged(&boot, "2"));
    boot.arm(&two, 3).expect("armed");
    boot.count(&two, None).expect("good");
    boot.count(&one, counter(3, 0)).expect("on trial");
    assert_eq!(
        text(&folder, RECORD),
        "done=0\ngood=holdfast_2.efi\nkept=holdfast_1.efi\nleft=3\ntrial=holdfast_1.efi\n"
    );
    boot.count(&one, counter(0, 3)).expect("spent");
    boot.keep_only(&[&two]).expect("cleared");
    assert_eq!(text(&folder, RECORD), "good=holdfast_2.efi\n");
    assert!(!folder.path().join("EFI/Linux/holdfast_1.efi").exists());
    let three = staged(&boot, "3");
    boot.arm(&three, 3).expect("armed");
    boot.disarm(&three).expect("it waits again");
    assert!(boot.waits(&three) && boot.disarm(&three).is_err());
    boot.keep_only(&[&three]).expect("cleared");
    assert_eq!(text(&folder, RECORD), "good=holdfast_3.efi\n");
    assert!(!folder.path().join("EFI/Linux/holdfast_2.efi").exists());
}

#[test]
fn a_damaged_record_is_read_from_its_copy_and_made_whole_by_the_next_write() {
    let (folder, boot) = partition();
    let record = folder.path().join(RECORD);
    for damage in [
        "",
        "good=holdfast_1.efi\n",
        &"x".repeat(RECORD_SIZE),
        &"x".repeat(5000),
    ] {
        fs::write(&record, damage).expect("damaged");
        assert_eq!(boot.record().expect("the copy"), Record::of(name("1")));
        boot.prove_writable().expect("written");
        assert_eq!(text(&folder, RECORD), "good=holdfast_1.efi\n");
    }
    fs::remove_file(&record).expect("removed");
    boot.prove_writable().expect("made");
    assert_eq!(text(&folder, RECORD), "good=holdfast_1.efi\n");
    for file in [RECORD, SPARE_RECORD] {
        fs::write(folder.path().join(file), "x").expect("damaged");
    }
    let error = boot.record().expect_err("both");
    assert!(error.to_string().contains("slots.txt"), "{error}");
    assert!(boot.count(&name("1"), None).is_err());
}

#[test]
fn the_boot_loader_is_known_by_its_files() {
    let (folder, _) = partition();
    assert!(matches!(
        BootLoader::of(folder.path(), None),
        BootLoader::UBoot(_)
    ));
    fs::remove_file(folder.path().join(RECORD)).expect("removed");
    fs::write(folder.path().join("boot.scr"), "").expect("written");
    assert!(matches!(
        BootLoader::of(folder.path(), None),
        BootLoader::UBoot(_)
    ));
    fs::write(folder.path().join("autoboot.txt"), "").expect("written");
    assert!(matches!(
        BootLoader::of(folder.path(), None),
        BootLoader::Tryboot(_)
    ));
    for file in ["boot.scr", "autoboot.txt"] {
        fs::remove_file(folder.path().join(file)).expect("removed");
    }
    assert!(matches!(
        BootLoader::of(folder.path(), None),
        BootLoader::SystemdBoot(_)
    ));
}
