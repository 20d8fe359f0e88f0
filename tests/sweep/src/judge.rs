//! What is asked of a disk: that exactly one of the releases that may boot does, and that all of it is there.

use crate::fat::{Named, Volume};
use crate::layout::{BOOT, ENTRIES, ROOT_A, ROOT_B};
use crate::loader::{Shown, choose};
use crate::marks::Allowed;
use crate::releases::{Release, says};
use crate::sectors::{Content, Contents, Disk};
use std::collections::HashMap;

/// No trial has as many boots.
const BOOTS: usize = 16;

/// A release as it has to be on the disk.
#[derive(Debug)]
struct Whole {
    version: String,
    root_hash: String,
    uki: Vec<Content>,
    uki_size: usize,
    root: Vec<Content>,
}

/// Knows the releases, and what it said of each disk before.
#[derive(Debug)]
pub struct Judge {
    releases: Vec<Whole>,
    said: HashMap<([u128; 3], Allowed), Result<(), String>>,
}

/// A file of the entries' folder that the boot loader shows.
#[derive(Debug)]
struct Program {
    shown: Shown,
    root_hash: String,
    size: u32,
    sectors: Vec<Content>,
}

impl Judge {
    /// One who knows these releases.
    pub fn new(releases: &[Release], contents: &mut Contents) -> Self {
        let releases = releases.iter().map(|release| Whole {
            version: release.version.clone(),
            root_hash: release.root_hash.clone(),
            uki: contents.numbers(&release.uki),
            uki_size: release.uki.len(),
            root: contents.numbers(&release.root),
        });
        Self {
            releases: releases.collect(),
            said: HashMap::new(),
        }
    }

    /// Judges a disk.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(
        &mut self,
        disk: &Disk,
        contents: &Contents,
        allowed: &Allowed,
    ) -> Result<(), String> {
        let [boot, a, b, _] = disk.prints();
        let key = ([boot, a, b], allowed.clone());
        if let Some(said) = self.said.get(&key) {
            return said.clone();
        }
        let said = self.look(disk, contents, allowed);
        self.said.insert(key, said.clone());
        said
    }

    /// How many disks differed where it matters.
    pub fn distinct(&self) -> usize {
        self.said.len()
    }

    fn look(&self, disk: &Disk, contents: &Contents, allowed: &Allowed) -> Result<(), String> {
        let Some(good) = allowed.versions.first() else {
            return Ok(());
        };
        let programs = programs(disk, contents)?;
        let mut shown: Vec<Shown> = programs.iter().map(|is| is.shown.clone()).collect();
        let first = self.start(disk, &programs, &shown, None)?;
        if !allowed.versions.contains(&first.version) {
            return Err(format!("{} boots ({})", first.version, first.file));
        }
        // A release on trial that never comes up: the boot loader alone has to come back to the good one.
        let mut next = first;
        for _ in 0..BOOTS {
            if next.version == *good {
                return Ok(());
            }
            // Under its own plain name it was confirmed just now; under a short one nobody did that.
            if next.tries.is_none() && !next.file.contains('~') {
                return Ok(());
            }
            let Some(counted) = next.counted() else {
                return Err(format!("{} boots for ever", next.file));
            };
            for entry in shown.iter_mut().filter(|entry| entry.file == next.file) {
                *entry = Shown::new(&counted, &entry.version.clone());
            }
            next = self.start(disk, &programs, &shown, Some(&next))?;
        }
        Err(format!("{good} does not come back"))
    }

    /// What the boot loader starts, if it is whole. `before` was started before, under another name then.
    fn start(
        &self,
        disk: &Disk,
        programs: &[Program],
        shown: &[Shown],
        before: Option<&Shown>,
    ) -> Result<Shown, String> {
        let chosen = choose(shown, None).ok_or("there is nothing to boot")?;
        let place = shown.iter().position(|entry| entry == chosen);
        let program = &programs[place.unwrap_or_default()];
        self.check(disk, program).map_err(|why| match before {
            None => format!("{} boots, and {why}", chosen.file),
            Some(before) => format!("{} boots after {}, and {why}", chosen.file, before.file),
        })?;
        Ok(chosen.clone())
    }

    /// Whether all of a program and of the root that it names is there.
    fn check(&self, disk: &Disk, program: &Program) -> Result<(), String> {
        let version = &program.shown.version;
        let release = self.releases.iter().find(|is| is.version == *version);
        let release = release.ok_or("nobody knows it")?;
        if program.size as usize != release.uki_size || program.sectors != release.uki {
            return Err("its UKI is not whole".to_owned());
        }
        if program.root_hash != release.root_hash {
            return Err("it names another root".to_owned());
        }
        let is_whole = |part| disk.part(part).starts_with(&release.root);
        if is_whole(ROOT_A) || is_whole(ROOT_B) {
            Ok(())
        } else {
            Err("no slot holds its root".to_owned())
        }
    }
}

/// What the boot loader shows: files that end in `.efi` and say what they are.
fn programs(disk: &Disk, contents: &Contents) -> Result<Vec<Program>, String> {
    let volume = Volume::open(disk.part(BOOT), contents).ok_or("it has no boot partition")?;
    let files = volume.list(&ENTRIES).ok_or("the entries' folder is gone")?;
    let read = |file: &Named| {
        let sectors = volume.file(file)?;
        let says = says(contents.bytes(*sectors.first()?))?;
        Some(Program {
            shown: Shown::new(&file.name, &says.version),
            root_hash: says.root_hash,
            size: file.size,
            sectors,
        })
    };
    // Also one that has only its short name left.
    let is_program = |file: &&Named| file.name.to_ascii_lowercase().ends_with(".efi");
    let entries = files.iter().filter(|file| !file.is_folder);
    let entries = entries.filter(is_program);
    Ok(entries.filter_map(read).collect())
}

/// Whether the boot loader would start another release than `good`, on trial, or none but `good`: then every other one may turn
/// out ill.
pub fn is_on_trial(disk: &Disk, contents: &Contents, good: &str) -> bool {
    let shown: Vec<Shown> = programs(disk, contents)
        .unwrap_or_default()
        .into_iter()
        .map(|program| program.shown)
        .collect();
    choose(&shown, None).is_some_and(|chosen| chosen.version == good || chosen.tries.is_some())
}

/// Whether a folder of this shape was left by a rename that was torn between two sectors: a name that is short, clusters with two
/// owners, or an entry that has none.
pub fn is_torn_name(shape: &str) -> bool {
    ["~", " shared", " broken"]
        .iter()
        .any(|trace| shape.contains(trace))
}

/// What the folder of entries looks like, for telling disks apart whose follow-up may differ: names, lengths, broken and shared
/// chains, and what the slots hold.
pub fn shape(disk: &Disk, contents: &Contents) -> String {
    let Some(volume) = Volume::open(disk.part(BOOT), contents) else {
        return "no boot partition".to_owned();
    };
    let mut files = volume.list(&ENTRIES).unwrap_or_default();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut owners: HashMap<u32, usize> = HashMap::new();
    for file in &files {
        for cluster in volume.clusters(file.first).unwrap_or_default() {
            *owners.entry(cluster).or_default() += 1;
        }
    }
    let mut text = String::new();
    for file in files
        .iter()
        .filter(|file| !file.name.starts_with("of-another"))
    {
        let clusters = volume.clusters(file.first);
        let chain = match &clusters {
            None => "broken".to_owned(),
            Some(chain) if chain.iter().any(|cluster| owners[cluster] > 1) => "shared".to_owned(),
            Some(chain) => chain.len().to_string(),
        };
        text += &format!("{} {} {chain}; ", file.name, file.size);
    }
    text
}
