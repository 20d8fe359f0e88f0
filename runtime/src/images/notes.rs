//! What was loaded from which archive, so that an archive is loaded once, and what was in it is let go with it. Pure.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How an archive looked when it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Loaded {
    stamp: Stamp,
    /// The images in it.
    names: BTreeSet<String>,
}

/// What was loaded, by archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    loaded: BTreeMap<String, Loaded>,
    /// Names that an archive had which is gone or replaced; pinned until they are let go.
    left: BTreeSet<String>,
}

impl Notes {
    /// Whether an archive is loaded as it is now, and all that it brought is among the images that are `there`.
    pub(super) fn has(&self, archive: &str, stamp: Stamp, there: &BTreeSet<String>) -> bool {
        self.loaded
            .get(archive)
            .is_some_and(|loaded| loaded.stamp == stamp && loaded.names.is_subset(there))
    }

    /// Whether nothing was loaded.
    pub(super) fn are_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// An archive was loaded, perhaps in place of an older one.
    pub(super) fn add(&mut self, archive: &str, stamp: Stamp, names: BTreeSet<String>) {
        let loaded = Loaded { stamp, names };
        if let Some(old) = self.loaded.insert(archive.to_owned(), loaded) {
            self.left.extend(old.names);
        }
    }

    /// The archives.
    pub(super) fn archives(&self) -> impl Iterator<Item = &str> {
        self.loaded.keys().map(String::as_str)
    }

    /// Forgets archives that are gone.
    pub(super) fn keep_only(&mut self, archives: &BTreeSet<String>) {
        let gone = |(archive, _): &(&String, &Loaded)| !archives.contains(*archive);
        let names = self.loaded.iter().filter(gone).flat_map(|(_, l)| &l.names);
        self.left.extend(names.cloned());
        self.loaded.retain(|archive, _| archives.contains(archive));
    }

    /// Names that no archive has any more; such that came back are not among them.
    pub(super) fn unneeded(&mut self) -> BTreeSet<String> {
        let held: BTreeSet<&String> = self.loaded.values().flat_map(|l| &l.names).collect();
        self.left.retain(|name| !held.contains(name));
        self.left.clone()
    }

    /// A name is pinned no longer.
    pub(super) fn let_go(&mut self, name: &str) {
        self.left.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Notes, Stamp};
    use std::collections::BTreeSet;

    fn set(names: &str) -> BTreeSet<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    fn stamp(size: u64) -> Stamp {
        Stamp { size, modified: 7 }
    }

    #[test]
    fn what_no_archive_has_any_more() {
        let add = |archive: &'static str, names: &'static str| {
            move |notes: &mut Notes| notes.add(archive, stamp(2), set(names))
        };
        let only =
            |archives: &'static str| move |notes: &mut Notes| notes.keep_only(&set(archives));
        type Change = Box<dyn Fn(&mut Notes)>;
        let cases: [(&str, Vec<Change>, &str); 6] = [
            ("nothing happened", vec![], ""),
            ("replaced", vec![Box::new(add("a", "app:2 base"))], "app:1"),
            ("gone", vec![Box::new(only("b"))], "app:1"),
            ("all gone", vec![Box::new(only(""))], "app:1 base db:1"),
            (
                "gone, and in another one",
                vec![Box::new(add("c", "app:1")), Box::new(only("b c"))],
                "",
            ),
            (
                "came back before it was let go",
                vec![Box::new(only("b")), Box::new(add("a", "app:1 base"))],
                "",
            ),
        ];
        for (case, changes, unneeded) in cases {
            let mut notes = Notes::default();
            notes.add("a", stamp(1), set("app:1 base"));
            notes.add("b", stamp(1), set("db:1 base"));
            changes.iter().for_each(|change| change(&mut notes));
            assert_eq!(notes.unneeded(), set(unneeded), "{case}");
            set(unneeded).iter().for_each(|name| notes.let_go(name));
            assert_eq!(notes.unneeded(), set(""), "{case}, afterwards");
        }
    }

    #[test]
    fn an_archive_is_loaded_once_and_again_when_it_changes() {
        let mut notes = Notes::default();
        let there = set("app:1 base");
        assert!(!notes.has("a", stamp(1), &there));
        notes.add("a", stamp(1), set("app:1"));
        assert!(notes.has("a", stamp(1), &there));
        assert!(!notes.has("a", stamp(2), &there));
        assert!(!notes.has("a", stamp(1), &set("base")), "it was lost");
        notes.keep_only(&set(""));
        assert!(!notes.has("a", stamp(1), &there));
    }
}
