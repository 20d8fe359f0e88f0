use super::{LastGood, all, record, tried};
use crate::step::Step;
use init_api::{Root, Tried};
use std::fs;

/// Does the steps; gives what is tried then.
fn recorded(root: &Root, release: &str, merged: &str) -> Option<Tried> {
    let record = record(&all(root), &tried(root), release, merged);
    for step in record.steps {
        match step {
            Step::MakeDir { path, .. } => fs::create_dir_all(root.path(path)).expect("made"),
            Step::WriteFile { path, content, .. } => {
                fs::write(root.path(path), content.0).expect("written");
            }
            Step::Remove { path } => fs::remove_file(root.path(path)).expect("removed"),
            other => panic!("{other:?}"),
        }
    }
    record.tried
}

/// What the keeper does when the node has been Ready.
fn was_ready(root: &Root, tried: Option<Tried>) {
    let tried = tried.expect("something is tried");
    fs::rename(root.path(tried.file), root.path(tried.becomes)).expect("renamed");
}

/// Records, and gives the files that are there, with their numbers.
fn kept(root: &Root, release: &str, merged: &str) -> Vec<(String, u64)> {
    recorded(root, release, merged);
    let numbered = |one: LastGood| (one.release, one.number);
    all(root).into_iter().map(numbered).collect()
}

#[test]
fn each_release_keeps_its_own_and_the_slots_never_lose_theirs() {
    let folder = tempfile::tempdir().expect("folder");
    let root = Root::new(folder.path());
    let text = "version: 1\n";
    // Slot A runs 1; 2, 3 and 4 are tried in slot B and each goes back.
    let history: [(&str, &[(&str, u64)]); 8] = [
        ("1", &[("1", 1)]),
        ("1", &[("1", 1)]),
        ("2", &[("1", 1), ("2", 2)]),
        ("1", &[("1", 3), ("2", 2)]),
        ("3", &[("1", 3), ("2", 2), ("3", 4)]),
        ("1", &[("1", 5), ("2", 2), ("3", 4)]),
        ("4", &[("1", 5), ("3", 4), ("4", 6)]),
        ("1", &[("1", 7), ("3", 4), ("4", 6)]),
    ];
    for (release, expected) in history {
        let found = kept(&root, release, text);
        let found: Vec<(&str, u64)> = found.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(found, expected, "after {release}");
        let again = record(&all(&root), &tried(&root), release, text);
        assert_eq!(again.steps, [], "{release}: no second write");
    }
    kept(&root, "1", "version: 1\nhostname: a\n");
    let own = all(&root).into_iter().find(|one| one.release == "1");
    let loaded = own.expect("kept").load().expect("it is right");
    assert!(loaded.merged_yaml().contains("hostname: a"));
}

#[test]
fn strange_releases_and_torn_files() {
    let folder = tempfile::tempdir().expect("folder");
    let root = Root::new(folder.path());
    let found = kept(&root, "../1 β", "version: 1\n");
    assert_eq!(found, [("_1__".to_owned(), 1)]);
    let at = root.path("/var/lib/holdfast/config/last-good");
    fs::write(at.join(".2.yaml.new"), "version: 1\n").expect("written");
    fs::write(at.join("0.yaml"), "\0\0\0").expect("written");
    let found = all(&root);
    assert_eq!(found.len(), 2);
    assert!(
        found[0].number == 0 && found[0].load().is_err(),
        "{found:?}"
    );
}

/// The hostname of the one that stands in, if the sources were wrong now.
fn good(root: &Root) -> String {
    let own = all(root).into_iter().find(|one| one.release == "1");
    let loaded = own.expect("kept").load().expect("it is right");
    loaded
        .config()
        .hostname
        .as_ref()
        .map_or_else(String::new, ToString::to_string)
}

#[test]
fn only_one_that_was_ready_takes_the_place_of_one_that_was() {
    let folder = tempfile::tempdir().expect("folder");
    let root = Root::new(folder.path());
    let text = |host: &str| format!("version: 1\nhostname: {host}\n");
    // Nothing was ever Ready: the last that is right has the way in.
    assert!(recorded(&root, "1", &text("a")).is_some());
    let b = recorded(&root, "1", &text("b"));
    assert_eq!((good(&root).as_str(), tried(&root).len()), ("b", 1));
    was_ready(&root, b);
    assert_eq!(recorded(&root, "1", &text("b")), None, "it is good");
    let again = record(&all(&root), &tried(&root), "1", &text("b"));
    assert_eq!(again.steps, []);

    // A right one with which no component starts, and a second.
    let c = recorded(&root, "1", &text("c"));
    let lying = c.expect("tried").file;
    assert_eq!(good(&root), "b");
    let again = record(&all(&root), &tried(&root), "1", &text("c"));
    assert_eq!(again.steps, [], "the next boot writes nothing");
    let d = recorded(&root, "1", &text("d"));
    assert!(!root.path(lying).exists(), "c is in force no longer");
    assert_eq!((good(&root).as_str(), tried(&root).len()), ("b", 1));

    // Another release in between: this one's keeps its turn, and what it was.
    recorded(&root, "2", &text("e"));
    let d_again = recorded(&root, "1", &text("d"));
    assert_eq!(good(&root), "b");
    let number = |release: &str| {
        let all = all(&root);
        all.into_iter()
            .find(|one| one.release == release)
            .map(|one| one.number)
    };
    assert!(number("1") > number("2"));
    assert_ne!(d, d_again, "its turn is in its text");
    was_ready(&root, d_again);
    assert_eq!((good(&root).as_str(), tried(&root)), ("d", Vec::new()));

    // A disk that lost bytes.
    let own = root.path("/var/lib/holdfast/config/last-good/1.yaml");
    let whole = fs::read_to_string(&own).expect("there");
    fs::write(&own, whole.replace("hostname", "hostn")).expect("written");
    recorded(&root, "1", &text("g"));
    assert_eq!(good(&root), "g");
    fs::write(&own, whole).expect("written");

    // Back to it from one that is only tried.
    recorded(&root, "1", &text("f"));
    assert_eq!(recorded(&root, "1", &text("d")), None);
    assert_eq!(tried(&root), Vec::<String>::new());
}
