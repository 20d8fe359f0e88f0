use super::SystemdBoot;
use crate::{Counter, EntryName};
use std::fs;
use tempfile::TempDir;

/// A boot partition with these files in the entries' folder.
fn partition(files: &[&str]) -> (TempDir, SystemdBoot) {
    let folder = tempfile::tempdir().expect("folder");
    let entries = folder.path().join("EFI/Linux");
    fs::create_dir_all(&entries).expect("folder");
    for file in files {
        fs::write(entries.join(file), file).expect("written");
    }
    let boot = SystemdBoot::new(folder.path());
    (folder, boot)
}

fn name(version: &str) -> EntryName {
    EntryName::of_version(version).expect("a version")
}

fn files(folder: &TempDir) -> Vec<String> {
    let listed = fs::read_dir(folder.path().join("EFI/Linux")).expect("folder");
    let mut files: Vec<_> = listed
        .map(|file| {
            file.expect("entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort_unstable();
    files
}

#[test]
fn a_program_becomes_an_entry_that_is_counted_and_then_good() {
    let (folder, boot) = partition(&["holdfast_1.efi", "other.efi"]);
    let two = name("2");
    let content = vec![7; 100_000];
    let digest = host::digest::of_bytes(&content);
    assert!(boot.arm(&two, 3).is_err(), "nothing waits");
    let mut writing = boot.begin(&two, content.len() as u64).expect("room");
    for part in content.chunks(30_000) {
        writing.write(part).expect("written");
    }
    writing.finish(&digest).expect("the same");
    assert_eq!(
        files(&folder),
        ["holdfast_1.efi", "holdfast_2.efi.new", "other.efi"]
    );
    assert!(boot.find(&two).expect("readable").is_none(), "no entry yet");
    boot.check_waiting(&two, &digest).expect("as written");
    boot.arm(&two, 3).expect("armed");
    assert_eq!(
        files(&folder),
        ["holdfast_1.efi", "holdfast_2+3.efi", "other.efi"]
    );
    let program = boot.program_of(&two).expect("readable").expect("an entry");
    assert_eq!(std::fs::read(program).expect("there"), content);
    assert_eq!(boot.program_of(&name("3")).expect("readable"), None);
    for (counter, file) in [
        (Some(Counter { left: 2, done: 1 }), "holdfast_2+2-1.efi"),
        (Some(Counter { left: 0, done: 3 }), "holdfast_2+0-3.efi"),
        (None, "holdfast_2.efi"),
        (None, "holdfast_2.efi"),
    ] {
        boot.count(&two, counter).expect("renamed");
        assert_eq!(files(&folder), ["holdfast_1.efi", file, "other.efi"]);
    }
    let error = boot.count(&name("3"), None).expect_err("not there");
    assert_eq!(
        error.to_string(),
        "the boot partition has no entry holdfast_3.efi"
    );
}

#[test]
fn a_program_that_came_out_wrong_leaves_nothing() {
    let (folder, boot) = partition(&["holdfast_1.efi"]);
    let two = name("2");
    let mut writing = boot.begin(&two, 3).expect("room");
    writing.write(b"abx").expect("written");
    let error = writing
        .finish(&host::digest::of_bytes(b"abc"))
        .expect_err("another");
    assert!(
        error
            .to_string()
            .contains("holdfast_2.efi.new on the boot partition has SHA-256"),
        "{error}"
    );
    assert_eq!(files(&folder), ["holdfast_1.efi"]);
    let error = boot.begin(&two, u64::MAX).expect_err("no room");
    assert!(error.to_string().contains("are needed"), "{error}");
}

#[test]
fn only_what_is_kept_stays_and_files_of_others_do() {
    let all = [
        "holdfast_1.efi",
        "holdfast_2+1-2.efi",
        "holdfast_2.efi.new",
        "holdfast_3.efi.new",
        "windows.efi",
    ];
    for (kept, left) in [
        (vec![name("1")], vec!["holdfast_1.efi", "windows.efi"]),
        (
            vec![name("1"), name("2")],
            vec![
                "holdfast_1.efi",
                "holdfast_2+1-2.efi",
                "holdfast_2.efi.new",
                "windows.efi",
            ],
        ),
    ] {
        let (folder, boot) = partition(&all);
        let kept: Vec<&EntryName> = kept.iter().collect();
        boot.keep_only(&kept).expect("removed");
        assert_eq!(files(&folder), left);
    }
}

#[test]
fn a_partition_that_takes_no_writes_is_noticed() {
    let (folder, boot) = partition(&[]);
    boot.prove_writable(b"now").expect("it takes them");
    assert!(files(&folder).is_empty(), "the proof is gone");
    fs::remove_dir(folder.path().join("EFI/Linux")).expect("removed");
    let error = boot.prove_writable(b"now").expect_err("nowhere to write");
    assert!(error.to_string().contains("cannot write"), "{error}");
}

#[test]
fn the_last_good_one_is_copied_and_strays_are_set_aside() {
    let copied = "holdfast_1+0.efi";
    for (case, before, after) in [
        ("plain", vec!["holdfast_1.efi"], vec![copied]),
        (
            "a copy that was cut",
            vec!["holdfast_1.efi", "holdfast_1.efi.new"],
            vec!["HOLD0.BAD", copied],
        ),
        ("done", vec![copied], vec![copied]),
    ] {
        let (folder, boot) = partition(&before);
        let one = name("1");
        boot.check_room_to_copy(&one).expect("room");
        boot.count_by_copy(&one, Some(Counter::fresh(0)))
            .expect("copied");
        assert_eq!(files(&folder), after, "{case}");
        let content = fs::read(folder.path().join("EFI/Linux").join(copied)).expect("there");
        assert_eq!(content, before[0].as_bytes(), "{case}");
    }
    let (folder, boot) = partition(&["holdfast_1.efi", "holdfast_1.efi.new", "HOLDFA~1.EFI"]);
    boot.count_by_copy(&name("1"), Some(Counter::fresh(0)))
        .expect("copied");
    boot.keep_only(&[&name("1")]).expect("set aside");
    assert_eq!(files(&folder), ["HOLD0.BAD", "HOLD1.BAD", copied]);
    // Both names: it is not on trial.
    let (folder, boot) = partition(&["holdfast_1.efi", copied]);
    let found = boot.find(&name("1")).expect("readable").expect("there");
    assert_eq!(found.counter, None);
    boot.count_by_copy(&name("1"), None).expect("tidied");
    assert_eq!(files(&folder), ["holdfast_1.efi"]);
    let (folder, boot) = partition(&["holdfast_1+3.efi"]);
    boot.disarm(&name("1")).expect("renamed");
    assert_eq!(files(&folder), ["holdfast_1.efi.new"]);
}
