use super::image::HEAD;
use super::{NextStart, RECORD, RECORD_SIZE, Record, SPARE_RECORD, Slot, SlotBoots, Tryboot};
use crate::{BootLoader, Counter, EntryName, Program};
use std::fs;
use std::os::unix::fs::FileExt;
use tempfile::TempDir;

const ROOM: usize = 64 << 10;

fn name(version: &str) -> EntryName {
    EntryName::of_version(version).expect("a version")
}

fn counter(left: u32, done: u32) -> Option<Counter> {
    Some(Counter { left, done })
}

/// A disk with the release 1 in slot A, as the image has it; files stand for the slots' boot partitions.
fn disk() -> (TempDir, Tryboot) {
    let folder = tempfile::tempdir().expect("folder");
    for file in [RECORD, SPARE_RECORD] {
        fs::write(folder.path().join(file), Record::of(name("1")).render()).expect("written");
    }
    let boots = SlotBoots {
        a: folder.path().join("boot-a"),
        b: folder.path().join("boot-b"),
    };
    fs::write(&boots.a, image("1")).expect("written");
    fs::write(&boots.b, vec![0; ROOM]).expect("written");
    let boot = Tryboot::new(folder.path(), Some(&boots));
    (folder, boot)
}

fn image(version: &str) -> Vec<u8> {
    let mut image = vec![version.as_bytes()[0]; 3 * HEAD + 512];
    image[HEAD..2 * HEAD].fill(7);
    image
}

fn staged(boot: &Tryboot, version: &str) -> EntryName {
    let (name, image) = (name(version), image(version));
    let mut writing = boot.begin(&name, image.len() as u64).expect("room");
    for piece in image.chunks(5000) {
        writing.write(piece).expect("written");
    }
    let digest = host::digest::of_bytes(&image);
    writing.finish(&digest).expect("the same");
    boot.check_waiting(&name, &digest).expect("it waits");
    name
}

fn found(boot: &Tryboot, name: &EntryName) -> Option<Option<Counter>> {
    boot.find(name)
        .expect("a record")
        .map(|entry| entry.counter)
}

#[test]
fn a_release_is_tried_once_and_then_good_and_the_one_before_is_kept() {
    let (folder, boot) = disk();
    let (one, two) = (name("1"), name("2"));
    assert!(boot.arm(&two, 1).is_err(), "nothing waits");
    staged(&boot, "2");
    assert_eq!((boot.waits(&two), found(&boot, &two)), (true, None));
    let restart = |running, interrupted| boot.restart(running, interrupted).expect("written");
    assert_eq!(restart(&one, false), NextStart::Good, "nobody activated it");
    boot.arm(&two, 1).expect("armed");
    assert_eq!(found(&boot, &two), Some(counter(1, 0)));
    for (name, device) in [(&one, "boot-a"), (&two, "boot-b")] {
        let program = boot.program_of(name).expect("readable");
        assert_eq!(program, Some(folder.path().join(device)));
    }
    assert_eq!(boot.program_of(&name("3")).expect("readable"), None);
    assert!(boot.begin(&two, 1).is_err(), "it may be started");
    assert_eq!(restart(&one, false), NextStart::Trial);
    assert_eq!(
        found(&boot, &two),
        Some(counter(0, 1)),
        "counted before it is made"
    );
    assert_eq!(restart(&one, false), NextStart::Good, "it came back");
    assert_eq!(restart(&two, true), NextStart::Trial, "ended on purpose");
    let good = boot.record().expect("a record");
    assert_eq!((good.good, &good.good_name), (Slot::A, &one));
    let error = boot.count(&one, counter(1, 0)).expect_err("the good one");
    assert!(error.to_string().contains("has no counter"), "{error}");
    boot.count(&two, None).expect("good");
    assert_eq!(
        (found(&boot, &one), found(&boot, &two)),
        (Some(None), Some(None))
    );
    for file in [RECORD, SPARE_RECORD] {
        let bytes = fs::read(folder.path().join(file)).expect("read");
        assert_eq!(
            Record::parse(&bytes).expect("a record").good,
            Slot::B,
            "{file}"
        );
    }
    // The way back is a trial of the one that is kept.
    boot.count(&one, counter(1, 0)).expect("on trial");
    assert_eq!(restart(&two, false), NextStart::Trial);
    boot.keep_only(&[&two]).expect("it failed");
    assert_eq!(found(&boot, &one), None);
    let a = fs::read(folder.path().join("boot-a")).expect("read");
    assert_eq!(a[..HEAD], [0; HEAD], "its root may go at any moment");
    assert_eq!(restart(&two, false), NextStart::Good);
}

#[test]
fn a_slot_that_is_written_to_is_no_file_system_until_it_is_whole() {
    let (folder, boot) = disk();
    let (device, image) = (folder.path().join("boot-b"), image("2"));
    let head = || fs::read(&device).expect("read")[..HEAD].to_vec();
    staged(&boot, "3");
    let digest = host::digest::of_bytes(&image);
    let mut writing = boot.begin(&name("2"), image.len() as u64).expect("room");
    assert_eq!((boot.waits(&name("3")), head()), (false, vec![0; HEAD]));
    writing.write(&image).expect("written");
    assert_eq!(head(), vec![0; HEAD]);
    drop(writing);
    assert!(!boot.waits(&name("2")));
    let mut writing = boot.begin(&name("2"), image.len() as u64).expect("room");
    writing.write(&image).expect("written");
    let error = writing.finish(&"0".repeat(64)).expect_err("another digest");
    assert!(error.to_string().contains("does not keep"), "{error}");
    assert_eq!((boot.waits(&name("2")), head()), (false, vec![0; HEAD]));
    staged(&boot, "2");
    assert_eq!(head(), image[..HEAD]);
    let file = fs::File::options().write(true).open(&device).expect("open");
    file.write_all_at(b"x", 2 * HEAD as u64).expect("damaged");
    assert!(boot.check_waiting(&name("2"), &digest).is_err());
    assert!(
        fs::read(folder.path().join("boot-a"))
            .expect("read")
            .starts_with(b"1")
    );
    let large = boot
        .begin(&name("4"), ROOM as u64 + 1)
        .expect_err("too large");
    assert!(
        large.to_string().contains("65536 bytes free, 65537"),
        "{large}"
    );
    let long = boot.begin(&name(&"1".repeat(90)), 1).expect_err("too long");
    assert!(long.to_string().contains("90 characters"), "{long}");
}

/// What runs is good when it is staged over: also the one that the firmware found because the good one was gone.
#[test]
fn the_release_that_runs_is_never_written_over() {
    let (folder, boot) = disk();
    let two = staged(&boot, "2");
    boot.keep_only(&[&two]).expect("two runs");
    assert_eq!(boot.record().expect("a record").good, Slot::B);
    staged(&boot, "3");
    assert!(
        fs::read(folder.path().join("boot-a"))
            .expect("read")
            .starts_with(b"3")
    );
    assert!(
        fs::read(folder.path().join("boot-b"))
            .expect("read")
            .starts_with(b"2")
    );
    assert!(
        boot.keep_only(&[&name("9")]).is_err(),
        "nobody knows where it is"
    );
}

#[test]
fn a_damaged_record_is_read_from_its_copy_and_made_whole_by_the_next_write() {
    let (folder, boot) = disk();
    let record = folder.path().join(RECORD);
    let by_hand = "[all]\ntryboot_a_b=1\nboot_partition=3\n";
    for damage in ["", by_hand, &"x".repeat(RECORD_SIZE), &"x".repeat(5000)] {
        fs::write(&record, damage).expect("damaged");
        assert_eq!(boot.record().expect("the copy"), Record::of(name("1")));
        boot.prove_writable().expect("written");
        let bytes = fs::read(&record).expect("read");
        assert_eq!(Record::parse(&bytes), Ok(Record::of(name("1"))));
    }
    for file in [RECORD, SPARE_RECORD] {
        fs::write(folder.path().join(file), "x").expect("damaged");
    }
    let error = boot.record().expect_err("both");
    assert!(error.to_string().contains("autoboot.txt"), "{error}");
}

#[test]
fn the_machine_is_asked_what_it_can() {
    let (folder, _) = disk();
    let boot = BootLoader::of(folder.path(), None);
    assert_eq!(
        (boot.program(), boot.tries(), boot.waits_for_a_word()),
        (Program::Image, 1, true)
    );
    let error = boot.begin(&name("2"), 1).expect_err("no partitions");
    assert!(
        error.to_string().contains("boot partition of slot b"),
        "{error}"
    );
    let error = boot.check_one_shot(|_| false).expect_err("no module");
    assert!(error.to_string().contains("holdfast_tryboot"), "{error}");
    boot.check_one_shot(|path| path == "/sys/module/holdfast_tryboot")
        .expect("there");
    let empty = tempfile::tempdir().expect("folder");
    BootLoader::of(empty.path(), None)
        .check_one_shot(|_| false)
        .expect("not needed");
}
