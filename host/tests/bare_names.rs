//! Paths without a folder, as people type them: a file of its own, since the current folder is the whole process's.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it"
)]

use host::{file, folder};
use std::path::Path;

#[test]
fn a_bare_name_is_one_of_the_current_folder() {
    let current = tempfile::tempdir().expect("folder");
    std::env::set_current_dir(current.path()).expect("it is there");
    let name = Path::new("name");
    file::write(name, 0o600, "content").expect("written");
    file::write_stream(name, 0o600, &mut &b"other"[..]).expect("written");
    assert!(file::holds(&current.path().join("name"), b"other"));
    assert!(file::remove_for_good(name).expect("removed"));

    let some = Path::new("some");
    folder::replace(some, 0o700, |fresh| {
        file::write(&fresh.join("a"), 0o600, "a")
    })
    .expect("replaced");
    assert!(current.path().join("some/a").is_file());
    std::fs::create_dir(".some.new").expect("made");
    folder::forget_interrupted(some).expect("forgotten");
    let left = std::fs::read_dir(current.path()).expect("listed").count();
    assert_eq!(left, 1, "something else lies about");
}
