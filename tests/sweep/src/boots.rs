//! Boots of a disk, one after the other, as its boot loader alone would make them: one set of questions for each.

use crate::autoboot::{self, choose as choose_partition};
use crate::boot_script::{self, FIRST, Records, SPARE};
use crate::fat::{Named, Volume};
use crate::layout::{BOOT, ENTRIES, SLOT_BOOTS};
use crate::loader::{Shown, choose};
use crate::machine::Machine;
use crate::releases::{BOOT_FILES, says};
use crate::sectors::{Content, Contents, Disk};

/// A file of the entries' folder that says what it is.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name.
    pub file: String,
    /// What it says.
    pub version: String,
    /// The root that it belongs to.
    pub root_hash: String,
    /// Bytes.
    pub size: u32,
    /// All of it.
    pub sectors: Vec<Content>,
}

/// How a start was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As one that has proved itself.
    Proved,
    /// As a try that was counted.
    Counted,
    /// As neither: it would be started for ever.
    Uncounted,
}

/// A start.
#[derive(Debug, Clone)]
pub struct Start {
    /// What was started.
    pub program: Program,
    /// As what.
    pub standing: Standing,
}

/// A boot loader before a disk.
#[derive(Debug)]
pub struct Boots {
    programs: Vec<Program>,
    rules: Rules,
}

#[derive(Debug)]
enum Rules {
    SystemdBoot(Vec<Shown>),
    UBoot(Records),
    /// The record's file, and whether the other slot was asked for.
    Tryboot(Option<Vec<u8>>, bool),
}

impl Boots {
    /// That of `machine` before this disk.
    ///
    /// # Errors
    /// It finds no boot partition or no folder of entries.
    pub fn of(machine: Machine, disk: &Disk, contents: &Contents) -> Result<Self, String> {
        let volume = Volume::open(disk.part(BOOT), contents).ok_or("it has no boot partition")?;
        if machine == Machine::Tryboot {
            let slot = |(number, part)| in_slot(number, disk.part(part), contents);
            return Ok(Self {
                programs: SLOT_BOOTS.into_iter().filter_map(slot).collect(),
                rules: Rules::Tryboot(read(&volume, contents, autoboot::FILE), false),
            });
        }
        let programs = programs(&volume, contents)?;
        let rules = match machine {
            Machine::SystemdBoot => {
                let show = |program: &Program| Shown::new(&program.file, &program.version);
                Rules::SystemdBoot(programs.iter().map(show).collect())
            }
            Machine::UBoot | Machine::Tryboot => Rules::UBoot(records(&volume, contents)),
        };
        Ok(Self { programs, rules })
    }

    /// A restart that asks for the other slot, where there is such a thing: counts for the next start.
    pub fn ask_once(&mut self) {
        if let Rules::Tryboot(_, flag) = &mut self.rules {
            *flag = true;
        }
    }

    /// What firmware could start that looks for any partition, whatever the record says; nothing on other machines.
    pub fn anywhere(&self) -> &[Program] {
        match self.rules {
            Rules::Tryboot(..) => &self.programs,
            Rules::SystemdBoot(_) | Rules::UBoot(_) => &[],
        }
    }

    /// Starts what is next; none if there is nothing to start. What the boot loader writes for that is remembered.
    pub fn start(&mut self) -> Option<Start> {
        match &mut self.rules {
            Rules::SystemdBoot(shown) => by_name(&self.programs, shown),
            Rules::UBoot(records) => {
                // Before it gives up it gives tries back, and begins anew.
                by_record(&self.programs, records).or_else(|| by_record(&self.programs, records))
            }
            Rules::Tryboot(record, flag) => {
                by_partition(&self.programs, record.as_deref(), std::mem::take(flag))
            }
        }
    }
}

fn by_name(programs: &[Program], shown: &mut [Shown]) -> Option<Start> {
    let chosen = choose(shown, None)?.clone();
    let place = shown.iter().position(|entry| *entry == chosen)?;
    let counted = chosen.counted();
    let standing = match (&counted, chosen.file.contains('~')) {
        (Some(_), _) => Standing::Counted,
        // Under its own plain name it was confirmed; under a short one nobody did that.
        (None, false) => Standing::Proved,
        (None, true) => Standing::Uncounted,
    };
    let program = Program {
        file: chosen.file.clone(),
        ..programs[place].clone()
    };
    if let Some(counted) = counted {
        for entry in shown.iter_mut().filter(|entry| entry.file == chosen.file) {
            *entry = Shown::new(&counted, &entry.version.clone());
        }
    }
    Some(Start { program, standing })
}

fn by_record(programs: &[Program], records: &mut Records) -> Option<Start> {
    let find = |file: &str| {
        programs
            .iter()
            .find(|program| program.file.eq_ignore_ascii_case(file))
    };
    let run = boot_script::run(records, true, |file| find(file).is_some());
    if let Some(written) = run.written {
        records.first = Some(written);
    }
    let (file, left) = run.started?;
    Some(Start {
        program: find(&file)?.clone(),
        standing: match left {
            Some(_) => Standing::Counted,
            None => Standing::Proved,
        },
    })
}

fn by_partition(programs: &[Program], record: Option<&[u8]>, flag: bool) -> Option<Start> {
    let of = |number: u32| {
        let file = slot_file(number);
        programs.iter().find(move |program| program.file == file)
    };
    // Only a partition with all that it needs is among them.
    let chosen = choose_partition(record, flag, |number, _| of(number).is_some());
    let program = of(*chosen.first()?)?.clone();
    let asked = record.map_or(0, |record| autoboot::asked(record, false).partition);
    let standing = match flag && program.file != slot_file(asked) {
        true => Standing::Counted,
        false => Standing::Proved,
    };
    Some(Start { program, standing })
}

/// What stands for a file's name where a partition is started.
fn slot_file(number: u32) -> String {
    format!("partition {number}")
}

/// What a slot's own boot partition starts: none if it is no file system, or has not all that the firmware asks for before it
/// decides.
fn in_slot(number: u32, sectors: &[Content], contents: &Contents) -> Option<Program> {
    let volume = Volume::open(sectors, contents)?;
    let files = volume.list(&[])?;
    let named = |name: &str| {
        files
            .iter()
            .find(|file| file.name.eq_ignore_ascii_case(name))
    };
    named(autoboot::DEVICE_TREE)?;
    let config = String::from_utf8(read(&volume, contents, BOOT_FILES[0])?).ok()?;
    let started = autoboot::files(&config);
    let all = [
        BOOT_FILES[0],
        &started.cmdline,
        &started.kernel,
        started.initramfs.as_deref().unwrap_or_default(),
        autoboot::DEVICE_TREE,
    ];
    let mut program = Program {
        file: slot_file(number),
        version: String::new(),
        root_hash: String::new(),
        size: 0,
        sectors: Vec::new(),
    };
    if let Some(says) = says(&read(&volume, contents, &started.cmdline).unwrap_or_default()) {
        (program.version, program.root_hash) = (says.version, says.root_hash);
    }
    // What is missing makes it another one than any that is whole.
    for file in all.into_iter().filter_map(named) {
        program.size += file.size;
        program
            .sectors
            .extend(volume.file(file).unwrap_or_default());
    }
    Some(program)
}

/// Files that end in `.efi` and say what they are, also one that has only its short name left.
fn programs(volume: &Volume<'_>, contents: &Contents) -> Result<Vec<Program>, String> {
    let files = volume.list(&ENTRIES).ok_or("the entries' folder is gone")?;
    let read = |file: &Named| {
        let sectors = volume.file(file)?;
        let says = says(contents.bytes(*sectors.first()?))?;
        Some(Program {
            file: file.name.clone(),
            version: says.version,
            root_hash: says.root_hash,
            size: file.size,
            sectors,
        })
    };
    let is_program = |file: &&Named| file.name.to_ascii_lowercase().ends_with(".efi");
    let entries = files.iter().filter(|file| !file.is_folder);
    let entries = entries.filter(is_program);
    Ok(entries.filter_map(read).collect())
}

/// What the script reads.
pub fn records(volume: &Volume<'_>, contents: &Contents) -> Records {
    Records {
        first: read(volume, contents, FIRST),
        spare: read(volume, contents, SPARE),
    }
}

/// A file in the root of a volume.
pub fn read(volume: &Volume<'_>, contents: &Contents, name: &str) -> Option<Vec<u8>> {
    let files = volume.list(&[])?;
    let file = files
        .iter()
        .find(|file| file.name.eq_ignore_ascii_case(name))?;
    let sectors = volume.file(file)?;
    let bytes = sectors
        .iter()
        .flat_map(|&sector| contents.bytes(sector).iter().copied());
    Some(bytes.take(file.size as usize).collect())
}
