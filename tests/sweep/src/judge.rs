//! What is asked of a disk: that exactly one of the releases that may boot does, and that all of it is there.

use crate::autoboot;
use crate::boots::{Boots, Program, Standing, Start, read, records};
use crate::fat::Volume;
use crate::layout::{BOOT, ENTRIES, ROOT_A, ROOT_B, SLOT_BOOTS};
use crate::machine::Machine;
use crate::marks::Allowed;
use crate::releases::{BOOT_FILES, Release, boot_sectors, boot_size, says};
use crate::sectors::{Content, Contents, Disk};
use std::collections::HashMap;

/// No trial has as many boots.
const BOOTS: usize = 16;

/// A release as it has to be on the disk.
#[derive(Debug)]
struct Whole {
    version: String,
    root_hash: String,
    /// What is started of it.
    program: Vec<Content>,
    size: usize,
    root: Vec<Content>,
}

/// Knows the releases, and what it said of each disk before.
#[derive(Debug)]
pub struct Judge {
    machine: Machine,
    releases: Vec<Whole>,
    said: HashMap<([u128; 5], Allowed), Result<(), String>>,
}

impl Judge {
    /// One who knows these releases, and what starts them.
    pub fn new(machine: Machine, releases: &[Release], contents: &mut Contents) -> Self {
        let releases = releases.iter().map(|release| Whole {
            version: release.version.clone(),
            root_hash: release.root_hash.clone(),
            program: match machine {
                Machine::SystemdBoot | Machine::UBoot => contents.numbers(&release.uki),
                Machine::Tryboot => contents.numbers(&boot_sectors(release)),
            },
            size: match machine {
                Machine::SystemdBoot | Machine::UBoot => release.uki.len(),
                Machine::Tryboot => boot_size(release),
            },
            root: contents.numbers(&release.root),
        });
        Self {
            machine,
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
        let [boot, boot_a, boot_b, a, b, _] = disk.prints();
        let key = ([boot, boot_a, boot_b, a, b], allowed.clone());
        if let Some(said) = self.said.get(&key) {
            return said.clone();
        }
        let said = self.judge_boots(disk, contents, allowed);
        self.said.insert(key, said.clone());
        said
    }

    /// How many disks differed where it matters.
    pub fn distinct(&self) -> usize {
        self.said.len()
    }

    fn judge_boots(
        &self,
        disk: &Disk,
        contents: &Contents,
        allowed: &Allowed,
    ) -> Result<(), String> {
        let Some(good) = allowed.versions.first() else {
            return Ok(());
        };
        let mut boots = Boots::of(self.machine, disk, contents)?;
        for program in boots.anywhere() {
            self.check(disk, program)
                .map_err(|why| format!("{} can be started, and {why}", program.file))?;
        }
        self.come_back(disk, &mut boots, allowed, good)?;
        if self.machine == Machine::Tryboot && allowed.versions.len() > 1 {
            // The cut may come behind the restart as well, which asks for the other slot.
            boots.ask_once();
            self.come_back(disk, &mut boots, allowed, good)?;
        }
        Ok(())
    }

    /// Boots until the good one runs.
    fn come_back(
        &self,
        disk: &Disk,
        boots: &mut Boots,
        allowed: &Allowed,
        good: &str,
    ) -> Result<(), String> {
        let first = self.start(disk, boots, None)?;
        let Program { version, file, .. } = &first.program;
        if !allowed.versions.contains(version) {
            return Err(format!("{version} boots ({file})"));
        }
        // A release on trial that never comes up: the boot loader alone has to come back to the good one.
        let mut next = first;
        for _ in 0..BOOTS {
            if next.program.version == good {
                return Ok(());
            }
            match next.standing {
                // It was confirmed just now.
                Standing::Proved => return Ok(()),
                Standing::Uncounted => {
                    return Err(format!("{} boots for ever", next.program.file));
                }
                Standing::Counted => next = self.start(disk, boots, Some(&next))?,
            }
        }
        Err(format!("{good} does not come back"))
    }

    /// What the boot loader starts, if it is whole. `before` was started before, under another name or count then.
    fn start(
        &self,
        disk: &Disk,
        boots: &mut Boots,
        before: Option<&Start>,
    ) -> Result<Start, String> {
        let start = boots.start().ok_or("there is nothing to boot")?;
        let file = &start.program.file;
        self.check(disk, &start.program)
            .map_err(|why| match before {
                None => format!("{file} boots, and {why}"),
                Some(before) => format!("{file} boots after {}, and {why}", before.program.file),
            })?;
        Ok(start)
    }

    /// Whether all of a program and of the root that it names is there.
    fn check(&self, disk: &Disk, program: &Program) -> Result<(), String> {
        let version = &program.version;
        let release = self.releases.iter().find(|is| is.version == *version);
        let release = release.ok_or("nobody knows it")?;
        if program.size as usize != release.size || program.sectors != release.program {
            return Err(format!("{} not whole", what(self.machine)));
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

/// For people.
const fn what(machine: Machine) -> &'static str {
    match machine {
        Machine::SystemdBoot | Machine::UBoot => "its UKI is",
        Machine::Tryboot => "its boot files are",
    }
}

/// Whether the boot loader would start another release than `good`, on trial, or none but `good`: then every other one may turn
/// out ill.
pub fn is_on_trial(machine: Machine, disk: &Disk, contents: &Contents, good: &str) -> bool {
    let mut boots = Boots::of(machine, disk, contents).ok();
    let start = boots.as_mut().and_then(Boots::start);
    start.is_some_and(|start| start.program.version == good || start.standing == Standing::Counted)
}

/// Whether a folder of this shape was left by a rename that was torn between two sectors: a name that is short, clusters with two
/// owners, or an entry that has none.
pub fn is_torn_name(shape: &str) -> bool {
    ["~", " shared", " broken"]
        .iter()
        .any(|trace| shape.contains(trace))
}

/// What the folder of entries looks like, for telling disks apart whose follow-up may differ: names, lengths, broken and shared
/// chains, and what the records say that a boot loader keeps beside it.
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
    let records = records(&volume, contents);
    for record in [records.first, records.spare].into_iter().flatten() {
        let end = record.iter().position(|&byte| byte == 0);
        let said = String::from_utf8_lossy(&record[..end.unwrap_or(record.len())]);
        text += &format!("{}; ", said.trim_end().replace('\n', " "));
    }
    if let Some(record) = read(&volume, contents, autoboot::FILE) {
        let said = String::from_utf8_lossy(&record).into_owned();
        text += &format!("{}; ", said.trim_end().replace('\n', " "));
        text += &slot_shapes(disk, contents);
    }
    text
}

/// Which of the slots' own boot partitions are file systems, and of which release.
fn slot_shapes(disk: &Disk, contents: &Contents) -> String {
    let shape = |(number, part)| {
        let volume = Volume::open(disk.part(part), contents)?;
        let cmdline = read(&volume, contents, BOOT_FILES[1]).unwrap_or_default();
        let version = says(&cmdline).map(|says| says.version);
        Some(format!("{number}: {}; ", version.unwrap_or_default()))
    };
    SLOT_BOOTS.into_iter().filter_map(shape).collect()
}
