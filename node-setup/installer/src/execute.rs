//! Carrying out the steps of a plan. What is done, and in which order, is [`crate::plan`]'s.

use crate::access::{Access, ReadBack};
use crate::{Files, Mark, Plan, Source, Step, Target, mark};
use disk::gpt::{self, Extent};
use disk::layout::WantedRoot;
use disk::verity::{self, VerifyError};
use disk::{Geometry, Sector};
use formats::fat::{self, Kind, Label, VolumeSpec};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How much is copied at once.
const PIECE: usize = 1 << 20;

/// What is installed.
#[derive(Debug)]
pub struct Job<'a> {
    /// Files of the boot partition.
    pub boot: &'a Files,
    /// Files of CONFIG, the configuration among them.
    pub config: &'a Files,
    /// Where the root image begins.
    pub root: &'a File,
    /// Its length with its tree, in bytes.
    pub root_size: u64,
    /// Its hash and the length of its data.
    pub wanted: WantedRoot,
    /// What the mark says besides the disk's GUID.
    pub key: &'a str,
    /// The release, for people.
    pub release: &'a str,
    /// The serial numbers of the two FAT volumes.
    pub volume_ids: [u32; 2],
}

impl<'a> Job<'a> {
    /// A stick's system, with these files on CONFIG.
    pub const fn of(
        source: &'a Source,
        config: &'a Files,
        key: &'a str,
        volume_ids: [u32; 2],
    ) -> Self {
        Self {
            boot: &source.boot,
            config,
            root: &source.root,
            root_size: source.root_size,
            wanted: source.wanted,
            key,
            release: source.release.as_str(),
            volume_ids,
        }
    }
}

/// What is being done, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doing {
    /// In words that follow "installing: ".
    pub what: &'static str,
    /// How much of it is done, in hundredths; none where that is not known.
    pub percent: Option<u8>,
}

/// Why an installation did not come to its end. Nothing on the disk can be started then, and the next attempt begins anew.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The disk does not take it.
    #[error("cannot write the {what}")]
    Write {
        /// What.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The stick cannot be read.
    #[error("cannot read the system on the stick")]
    Stick(#[source] io::Error),
    /// A file system cannot be made.
    #[error("cannot write the {what}")]
    Volume {
        /// Which.
        what: &'static str,
        /// Why not.
        source: fat::Error,
    },
    /// What was written cannot be read.
    #[error("cannot read back the {what}")]
    ReadBack {
        /// What.
        what: &'static str,
        /// Why not.
        source: fat::Error,
    },
    /// The root is not what was written, or was not whole on the stick.
    #[error("the root on the disk is not what it should be: the disk is failing, or the stick")]
    Root(#[from] VerifyError),
    /// The disk gives back something else than it was given.
    #[error("the {0} on the disk is not what was written: the disk is failing")]
    Differs(&'static str),
    /// The table cannot be written.
    #[error(transparent)]
    Table(#[from] gpt::WriteError),
}

/// Carries out a plan.
///
/// # Errors
/// What stopped it.
pub fn execute(
    plan: &Plan,
    job: &Job<'_>,
    target: &mut impl Target,
    watch: &mut dyn FnMut(Doing),
) -> Result<(), Failure> {
    let mut run = Run {
        plan,
        job,
        target,
        watch,
    };
    plan.steps.iter().try_for_each(|step| run.step(*step))
}

struct Run<'a, T> {
    plan: &'a Plan,
    job: &'a Job<'a>,
    target: &'a mut T,
    watch: &'a mut dyn FnMut(Doing),
}

impl<T: Target> Run<'_, T> {
    fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Erase(extent) => self.erase(extent),
            Step::Flush => {
                self.say("waiting until the disk has everything");
                self.target.flush().map_err(write("disk"))
            }
            Step::RereadTable => {
                self.target.reread_table();
                Ok(())
            }
            Step::Mark => self.mark(),
            Step::Boot(extent) => {
                self.say("writing the boot partition");
                let kind = Kind::Fat32;
                let label = Label::new("BOOT");
                self.volume(
                    "boot partition",
                    extent,
                    (kind, label, self.job.volume_ids[0]),
                    self.job.boot,
                )
            }
            Step::Config(extent) => {
                self.say("writing the configuration");
                let kind = Kind::Fat16;
                let label = Label::new("CONFIG");
                self.volume(
                    "CONFIG partition",
                    extent,
                    (kind, label, self.job.volume_ids[1]),
                    self.job.config,
                )
            }
            Step::Root(extent) => self.root(extent),
            Step::VerifyBoot(extent) => {
                self.say("reading back the boot partition");
                self.verify_volume("boot partition", extent, self.job.boot)
            }
            Step::VerifyConfig(extent) => {
                self.verify_volume("CONFIG partition", extent, self.job.config)
            }
            Step::VerifyRoot(extent) => {
                self.say("reading back the system");
                let mut back = ReadBack::new(&*self.target, extent);
                Ok(verity::verify(
                    &mut back,
                    self.job.wanted.size,
                    &self.job.wanted.hash,
                )?)
            }
            Step::Table => {
                self.say("writing the partition table");
                Ok(gpt::create(self.target, &self.plan.table)?)
            }
            Step::VerifyTable => self.verify_table(),
        }
    }

    fn say(&mut self, what: &'static str) {
        (self.watch)(Doing {
            what,
            percent: None,
        });
    }

    fn erase(&mut self, extent: Extent) -> Result<(), Failure> {
        self.say("erasing what the disk was known by");
        let zeros = vec![0; PIECE];
        let end = extent.offset + extent.size;
        let mut offset = extent.offset;
        while offset < end {
            let count = usize::try_from(end - offset).unwrap_or(PIECE).min(PIECE);
            self.target
                .write_at(offset, &zeros[..count])
                .map_err(write("disk"))?;
            offset += count as u64;
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<(), Failure> {
        let mark = Mark {
            disk: self.plan.table.disk_guid,
            key: self.job.key.to_owned(),
            release: self.job.release.to_owned(),
        };
        let block = mark.encode().map_err(write("mark of the installation"))?;
        self.target
            .write_at(mark::AT, &block)
            .map_err(write("mark of the installation"))
    }

    fn volume(
        &mut self,
        what: &'static str,
        extent: Extent,
        (kind, label, id): (Kind, Result<Label, fat::LabelError>, u32),
        files: &Files,
    ) -> Result<(), Failure> {
        let failed = |source| Failure::Volume { what, source };
        let sector = self.plan.table.sector;
        let spec = VolumeSpec {
            kind,
            label: label.expect("our labels follow the rule"),
            id,
            cluster: cluster(sector),
        };
        let bytes = u16::try_from(sector.bytes()).expect("512 or 4096");
        fat::format_on(&mut Access::new(self.target, extent), &spec, bytes).map_err(failed)?;
        let volume = fat::open(Access::new(self.target, extent)).map_err(failed)?;
        for (path, content) in files {
            volume.write_file(path, &mut &content[..]).map_err(failed)?;
        }
        volume.finish().map_err(failed)
    }

    fn root(&mut self, extent: Extent) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < self.job.root_size {
            let left = self.job.root_size - done;
            let part = &mut piece[..usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
            self.job
                .root
                .read_exact_at(part, done)
                .map_err(Failure::Stick)?;
            self.target
                .write_at(extent.offset + done, part)
                .map_err(write("system"))?;
            done += part.len() as u64;
            let percent = u8::try_from(done * 100 / self.job.root_size).ok();
            (self.watch)(Doing {
                what: "writing the system",
                percent,
            });
        }
        Ok(())
    }

    fn verify_volume(
        &self,
        what: &'static str,
        extent: Extent,
        files: &Files,
    ) -> Result<(), Failure> {
        let failed = |source| Failure::ReadBack { what, source };
        let volume = fat::open(ReadBack::new(&*self.target, extent)).map_err(failed)?;
        for (path, content) in files {
            let found = volume
                .read_file(path, content.len() as u64)
                .map_err(failed)?;
            if found != *content {
                return Err(Failure::Differs(what));
            }
        }
        Ok(())
    }

    /// A table that cannot be read back must not be taken for a good one: then it is taken off again.
    fn verify_table(&mut self) -> Result<(), Failure> {
        let table = &self.plan.table;
        let geometry = Geometry {
            sector: table.sector,
            sectors: table.sectors,
        };
        let whole = Extent {
            offset: 0,
            size: self.target.length(),
        };
        let copies = gpt::read(&Back(&*self.target), geometry);
        if copies.primary.as_ref() == Ok(table) && copies.backup.as_ref() == Ok(table) {
            return Ok(());
        }
        let head = Extent {
            offset: 0,
            size: whole.size.min(mark::AT),
        };
        // What led here is told; a second failure would say no more.
        let _ = self
            .erase(head)
            .and_then(|()| self.target.flush().map_err(write("disk")));
        Err(Failure::Differs("partition table"))
    }
}

/// The disk as the device has it, for the reader of tables.
struct Back<'a, T>(&'a T);

impl<T: Target> disk::Store for Back<'_, T> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_back(offset, buffer)
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As in the image that is flashed; on large sectors a cluster is one of them.
const fn cluster(sector: Sector) -> u32 {
    match sector {
        Sector::Bytes512 => 2048,
        Sector::Bytes4096 => 4096,
    }
}

fn write(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::Write { what, source }
}
