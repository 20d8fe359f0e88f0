//! Archives and bundles as lists of names, and a containerd that keeps them.

use super::ctr::Writer;
use super::{ImageError, Paths, Store, follow_archives};
use bundle::Bundle;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Archives are lists of names; what is pinned stands with the mark that it came with.
#[derive(Default)]
struct Images(RefCell<BTreeMap<String, (String, bool)>>, Cell<usize>);

impl Store for Images {
    fn import(&self, archive: &Path, mark: &str) -> Result<(), ImageError> {
        let text = fs::read_to_string(archive).expect("read");
        for name in text.split_whitespace() {
            let image = (mark.to_owned(), true);
            self.0.borrow_mut().insert(name.to_owned(), image);
        }
        Ok(())
    }

    fn import_from(&self, write: Writer<'_>, mark: &str) -> Result<(), ImageError> {
        let mut archive = Vec::new();
        write(&mut archive)?;
        // The index of a bundle of ours here is its list of names.
        for entry in tar::Archive::new(archive.as_slice())
            .entries()
            .expect("a tar")
        {
            let mut entry = entry.expect("an entry");
            if entry.path().expect("a path") == Path::new("index.json") {
                let mut names = String::new();
                entry.read_to_string(&mut names).expect("text");
                for name in names.split_whitespace() {
                    let image = (mark.to_owned(), true);
                    self.0.borrow_mut().insert(name.to_owned(), image);
                }
            }
        }
        self.1.set(self.1.get() + 1);
        Ok(())
    }

    fn marked(&self, mark: &str) -> Result<BTreeSet<String>, ImageError> {
        let images = self.0.borrow();
        let marked = images.iter().filter(|(_, (from, _))| from == mark);
        Ok(marked.map(|(name, _)| name.clone()).collect())
    }

    fn names(&self) -> Result<BTreeSet<String>, ImageError> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    fn unpin(&self, name: &str) -> Result<(), ImageError> {
        self.0.borrow_mut().get_mut(name).expect("there").1 = false;
        Ok(())
    }
}

#[test]
fn what_archives_brought_is_pinned_as_long_as_they_are_there() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let folder = paths.user_images();
    fs::create_dir_all(&folder).expect("folder");
    let extra = root.path().join("extra.tar");
    let images = Images::default();
    let follow = |archives: &[&Path]| {
        let extra: Vec<_> = archives.iter().map(|path| path.to_path_buf()).collect();
        let problems = follow_archives(&images, &paths, &extra, None);
        let all = images.0.borrow();
        let pinned = all.iter().filter(|(_, (_, pinned))| *pinned);
        let names: Vec<_> = pinned.map(|(name, _)| name.as_str()).collect();
        (names.join(" "), problems)
    };
    fs::write(folder.join("app.tar"), "app:1 base").expect("write");
    fs::write(folder.join("notes.txt"), "x").expect("write");
    fs::write(&extra, "db:1 base").expect("write");
    assert_eq!(follow(&[&extra]).0, "app:1 base db:1");
    fs::write(folder.join("app.tar"), "app:22 base").expect("write");
    assert_eq!(follow(&[&extra]).0, "app:22 base db:1", "replaced");
    assert_eq!(follow(&[]).0, "app:22 base", "not named any more");
    fs::rename(&folder, root.path().join("away")).expect("rename");
    let (pinned, problems) = follow(&[]);
    assert_eq!(pinned, "app:22 base", "the folder cannot be read");
    assert!(problems[0].contains("No such file"), "{problems:?}");
    fs::create_dir(&folder).expect("folder");
    assert_eq!(follow(&[]), (String::new(), vec![]), "gone");
    fs::write(folder.join("app.tar"), "app:3").expect("write");
    assert_eq!(follow(&[]).0, "app:3");
    images.0.borrow_mut().remove("app:3");
    assert_eq!(follow(&[]).0, "app:3", "containerd lost it");
}

/// A stick with a bundle whose index is this list of names.
fn stick(name: &str, images: &str) -> tempfile::TempDir {
    let stick = tempfile::tempdir().expect("temp folder");
    let folder = stick.path().join("holdfast");
    fs::create_dir_all(folder.join("images")).expect("folder");
    fs::write(folder.join("images/index.json"), images).expect("write");
    let (size, sha256) = (images.len(), host::digest::of_bytes(images));
    let listing = serde_json::json!({"format": 1, "name": name, "made": "", "images": [],
        "files": {"images/index.json": {"size": size, "sha256": sha256}}});
    fs::write(folder.join("bundle.json"), listing.to_string()).expect("write");
    stick
}

#[test]
fn what_a_bundle_brought_stays_until_another_one_of_its_name_comes() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    fs::create_dir_all(paths.user_images()).expect("folder");
    let images = Images::default();
    let follow = |stick: Option<&tempfile::TempDir>| {
        let bundle = stick.map(|stick| Bundle::open(stick.path(), &[]).expect("a bundle"));
        let problems = follow_archives(&images, &paths, &[], bundle.as_ref());
        let all = images.0.borrow();
        let pinned = all.iter().filter(|(_, (_, pinned))| *pinned);
        let names: Vec<_> = pinned.map(|(name, _)| name.as_str()).collect();
        (names.join(" "), images.1.get(), problems)
    };
    let none = Vec::<String>::new;
    let (first, second) = (stick("stores", "app:1 base"), stick("stores", "app:2 base"));
    assert_eq!(follow(Some(&first)), ("app:1 base".into(), 1, none()));
    assert_eq!(
        follow(Some(&first)),
        ("app:1 base".into(), 1, none()),
        "loaded once"
    );
    assert_eq!(follow(None), ("app:1 base".into(), 1, none()), "pulled out");
    let other = stick("tills", "till:1");
    assert_eq!(
        follow(Some(&other)),
        ("app:1 base till:1".into(), 2, none()),
        "another name"
    );
    assert_eq!(
        follow(Some(&second)),
        ("app:2 base till:1".into(), 3, none()),
        "the next one"
    );
    images.0.borrow_mut().remove("app:2");
    assert_eq!(
        follow(Some(&second)),
        ("app:2 base till:1".into(), 4, none()),
        "it was lost"
    );

    let damaged = stick("stores", "app:3 base");
    fs::write(
        damaged.path().join("holdfast/images/index.json"),
        "app:4 base",
    )
    .expect("write");
    let (pinned, loaded, problems) = follow(Some(&damaged));
    assert_eq!(
        (pinned.as_str(), loaded),
        ("app:2 base till:1", 4),
        "nothing of it is used"
    );
    assert!(
        problems[0].contains("is not the file that the bundle lists"),
        "{problems:?}"
    );
}
