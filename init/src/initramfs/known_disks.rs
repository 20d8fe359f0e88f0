//! The partition tables of the disks that are there.
//!
//! A sick disk that is not ours must not hold up the boot from a sound one, and reading it can take minutes. So a disk is
//! read only when the kernel saw our partitions on it, or, as a last resort, when no other disk will do; and only once,
//! until the kernel tells something new about it.

use crate::disk::Disk;
use disk::gpt::Table;
use disk::layout::is_holdfast;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the disks.
#[derive(Debug, Default)]
pub(super) struct KnownDisks {
    disks: Vec<Known>,
    read: BTreeMap<String, Result<Table, String>>,
}

/// A disk with the partitions' names that the kernel gave it.
#[derive(Debug)]
struct Known {
    disk: Disk,
    names: Vec<String>,
}

impl KnownDisks {
    /// Forgets the tables of disks that changed.
    pub(super) fn forget(&mut self, changed: &BTreeSet<String>) {
        self.read.retain(|name, _| !changed.contains(name));
    }

    /// Takes in the disks that are there, with the kernel's names of their partitions, and reads, with `read`, those that
    /// may be ours and were not read yet; all of them as a last resort.
    pub(super) fn update(
        &mut self,
        disks: impl IntoIterator<Item = (Disk, Vec<String>)>,
        last_resort: bool,
        mut read: impl FnMut(&Disk) -> Result<Table, String>,
    ) {
        let known = disks.into_iter().map(|(disk, names)| Known { disk, names });
        self.disks = known.collect();
        let there: BTreeSet<_> = self.disks.iter().map(|k| k.disk.name.as_str()).collect();
        self.read.retain(|name, _| there.contains(name.as_str()));
        for Known { disk, names } in &self.disks {
            let wanted = last_resort || is_holdfast(names);
            if wanted && !self.read.contains_key(&disk.name) {
                self.read.insert(disk.name.clone(), read(disk));
            }
        }
    }

    /// The tables that could be read, by the names of their disks.
    pub(super) fn whole(&self) -> Vec<(&str, &Table)> {
        self.read
            .iter()
            .filter_map(|(name, table)| Some((name.as_str(), table.as_ref().ok()?)))
            .collect()
    }

    /// The disk of this name.
    pub(super) fn disk(&self, name: &str) -> Option<&Disk> {
        self.disks
            .iter()
            .map(|known| &known.disk)
            .find(|disk| disk.name == name)
    }

    /// The disks for people, with what is on them; empty if there are none.
    pub(super) fn describe(&self) -> String {
        let seen = self.disks.iter().map(|Known { disk, names }| {
            let node = disk.node.display();
            match self.read.get(&disk.name) {
                Some(Ok(table)) => format!("{node} with partitions {}", names_in(table).join(", ")),
                Some(Err(error)) => format!("{node} ({error})"),
                None => format!("{node} with partitions {}", names.join(", ")),
            }
        });
        seen.collect::<Vec<_>>().join("; ")
    }
}

fn names_in(table: &Table) -> Vec<&str> {
    table.partitions.iter().map(|p| p.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::KnownDisks;
    use crate::disk::{Disk, samples};
    use std::collections::BTreeSet;

    /// Takes in four disks; gives those that were read. The kernel saw no partitions on `sick` and `torn`.
    fn read_now(disks: &mut KnownDisks, last_resort: bool) -> Vec<String> {
        let ours = vec!["boot".to_owned(), "root-a".to_owned()];
        let there = [
            ("data", vec!["files".to_owned()]),
            ("ours", ours),
            ("sick", Vec::new()),
            ("torn", Vec::new()),
        ];
        let there = there.map(|(name, names)| {
            let node = format!("/dev/{name}").into();
            let name = name.to_owned();
            (Disk { name, node }, names)
        });
        let mut read = Vec::new();
        disks.update(there, last_resort, |disk| {
            read.push(disk.name.clone());
            match disk.name.as_str() {
                "sick" => Err("it does not answer".into()),
                _ => Ok(samples::table(1, &["boot", "root-a"])),
            }
        });
        read
    }

    #[test]
    fn only_disks_that_may_be_ours_are_read_and_only_once() {
        let mut disks = KnownDisks::default();
        assert_eq!(read_now(&mut disks, false), ["ours"]);
        assert_eq!(read_now(&mut disks, false), [""; 0]);
        disks.forget(&BTreeSet::from(["ours1".to_owned(), "sick".to_owned()]));
        assert_eq!(read_now(&mut disks, false), [""; 0]);
        disks.forget(&BTreeSet::from(["ours".to_owned()]));
        assert_eq!(read_now(&mut disks, false), ["ours"]);
        assert_eq!(read_now(&mut disks, true), ["data", "sick", "torn"]);
        assert_eq!(read_now(&mut disks, true), [""; 0]);
        let whole: Vec<_> = disks.whole().into_iter().map(|(name, _)| name).collect();
        assert_eq!(whole, ["data", "ours", "torn"]);
        let described = disks.describe();
        assert!(
            described.contains("/dev/sick (it does not answer)"),
            "{described}"
        );
    }
}
