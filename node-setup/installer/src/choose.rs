//! Which disk is installed onto: from facts alone.

use crate::Content;
use disk_devices::{Disk, Transport, Use};
use os_config::{DiskBus, DiskChoice, DiskPreference, Install};
use std::fmt;

/// A disk of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the kernel says of it.
    pub disk: Disk,
    /// This machine was booted from it.
    pub is_booted: bool,
    /// `install.disk.path` leads to it.
    pub is_named: bool,
    /// Why it is too small or cannot be laid out, if it is.
    pub unfit: Option<String>,
    /// What is on it.
    pub content: Content,
}

/// Why a disk is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// The stick itself.
    #[error("this machine was started from it")]
    Booted,
    /// Nothing is in the reader.
    #[error("no card or disk is in it")]
    NoMedium,
    /// Something else is asked for.
    #[error("`install.disk.{key}` is {asked}")]
    Other {
        /// The key.
        key: &'static str,
        /// What it asks for.
        asked: String,
    },
    /// It may be anybody's stick.
    #[error(
        "it is a USB disk: one is taken only with `bus: usb`, its path or its serial number in `install.disk`"
    )]
    Usb,
    /// It cannot be written.
    #[error("it is write-protected")]
    ReadOnly,
    /// Something uses it.
    #[error("it is in use: {0}")]
    InUse(Use),
    /// It cannot be laid out.
    #[error("{0}")]
    Unfit(String),
    /// It has data.
    #[error("it has data ({0})")]
    Data(String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// This very installation is on it.
    #[error("this stick has installed Holdfast {0} on it already")]
    Installed(String),
    /// Another one fits as well.
    #[error("it fits, and so do others")]
    NotAlone,
}

/// Nothing can be installed; every disk with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Each disk, and why it is not taken.
    pub disks: Vec<(Disk, WhyNot)>,
}

/// Chooses the disk that `install` asks for; gives its place in the list. `key` is what would be installed.
///
/// # Errors
/// None can be taken, or several can.
pub fn choose(install: &Install, key: &str, candidates: &[Candidate]) -> Result<usize, Refusal> {
    let mut reasons: Vec<Option<WhyNot>> = candidates
        .iter()
        .map(|candidate| differs(&install.disk, candidate))
        .collect();
    let fitting: Vec<usize> = (0..candidates.len())
        .filter(|at| reasons[*at].is_none())
        .collect();
    let (taken, passed) = preferred(install.disk.prefer, &fitting, candidates);
    match taken.as_slice() {
        [at] => match hinders(install, key, &candidates[*at]) {
            None => return Ok(*at),
            some => reasons[*at] = some,
        },
        several => {
            for at in several {
                reasons[*at] = Some(WhyNot::NotAlone);
            }
        }
    }
    for (at, asked) in passed {
        reasons[at] = Some(WhyNot::Other {
            key: "prefer",
            asked,
        });
    }
    let disks = candidates.iter().zip(reasons);
    let disks = disks.filter_map(|(candidate, why)| Some((candidate.disk.clone(), why?)));
    Err(Refusal {
        disks: disks.collect(),
    })
}

/// Whether a disk is one that is asked for, so that it is worth reading.
pub(crate) fn is_meant(choice: &DiskChoice, candidate: &Candidate) -> bool {
    differs(choice, candidate).is_none()
}

/// Why a disk is not the one that is asked for.
fn differs(choice: &DiskChoice, candidate: &Candidate) -> Option<WhyNot> {
    let disk = &candidate.disk;
    if candidate.is_booted {
        return Some(WhyNot::Booted);
    }
    if disk.size == 0 {
        return Some(WhyNot::NoMedium);
    }
    let other = |key, asked: String| Some(WhyNot::Other { key, asked });
    if let Some(path) = &choice.path
        && !candidate.is_named
    {
        return other("path", path.to_string());
    }
    if let Some(bus) = choice.bus
        && transport(bus) != disk.transport
    {
        return other("bus", transport(bus).to_string());
    }
    if let Some(model) = &choice.model {
        let has = disk.model.as_deref().unwrap_or_default().to_lowercase();
        if !has.contains(&model.as_str().to_lowercase()) {
            return other("model", format!("{model:?}", model = model.as_str()));
        }
    }
    if let Some(serial) = &choice.serial
        && disk.serial.as_deref() != Some(serial.as_str())
    {
        return other("serial", serial.to_string());
    }
    if let Some(least) = choice.min_size.filter(|least| disk.size < least.bytes()) {
        return other("min_size", least.to_string());
    }
    if let Some(most) = choice.max_size.filter(|most| disk.size > most.bytes()) {
        return other("max_size", most.to_string());
    }
    let meant = choice.bus.is_some() || choice.path.is_some() || choice.serial.is_some();
    (disk.transport == Transport::Usb && !meant).then_some(WhyNot::Usb)
}

/// The ones that are left by size, and those that are passed over with what was preferred.
fn preferred(
    preference: Option<DiskPreference>,
    fitting: &[usize],
    candidates: &[Candidate],
) -> (Vec<usize>, Vec<(usize, String)>) {
    let sizes = fitting.iter().map(|at| candidates[*at].disk.size);
    let (best, word) = match preference {
        None => return (fitting.to_vec(), Vec::new()),
        Some(DiskPreference::Smallest) => (sizes.min(), "smallest"),
        Some(DiskPreference::Largest) => (sizes.max(), "largest"),
    };
    let (taken, passed): (Vec<usize>, Vec<usize>) = fitting
        .iter()
        .partition(|at| Some(candidates[**at].disk.size) == best);
    (
        taken,
        passed.into_iter().map(|at| (at, word.to_owned())).collect(),
    )
}

/// Why the one that is asked for cannot be taken.
fn hinders(install: &Install, key: &str, candidate: &Candidate) -> Option<WhyNot> {
    let disk = &candidate.disk;
    if disk.read_only {
        return Some(WhyNot::ReadOnly);
    }
    if let Some(used) = disk.uses.first() {
        return Some(WhyNot::InUse(used.clone()));
    }
    if let Some(unfit) = &candidate.unfit {
        return Some(WhyNot::Unfit(unfit.clone()));
    }
    match &candidate.content {
        Content::Empty | Content::Interrupted => None,
        Content::Installed {
            key: on_it,
            release,
        } if on_it == key => Some(WhyNot::Installed(release.clone())),
        Content::Data(_) | Content::Installed { .. } if install.wipe => None,
        Content::Data(what) => Some(WhyNot::Data(what.clone())),
        Content::Installed { release, .. } => Some(WhyNot::Data(format!("Holdfast {release}"))),
        Content::Unknown(why) => Some(WhyNot::Unreadable(why.clone())),
    }
}

const fn transport(bus: DiskBus) -> Transport {
    match bus {
        DiskBus::Nvme => Transport::Nvme,
        DiskBus::Sata => Transport::Sata,
        DiskBus::Emmc => Transport::Emmc,
        DiskBus::Sd => Transport::Sd,
        DiskBus::Usb => Transport::Usb,
        DiskBus::Virtio => Transport::Virtio,
    }
}

impl Refusal {
    /// The disk that this stick has installed onto already, if that is why.
    pub fn installed_on(&self) -> Option<&Disk> {
        self.disks.iter().find_map(|(disk, why)| match why {
            WhyNot::Installed(_) => Some(disk),
            _ => None,
        })
    }

    /// What a person can do.
    pub fn cure(&self) -> &'static str {
        let any = |is: fn(&WhyNot) -> bool| self.disks.iter().any(|(_, why)| is(why));
        if any(|why| matches!(why, WhyNot::Installed(_))) {
            "Pull the stick out: the machine starts from its disk then. To install once more, change anything in config.yaml on the \
             stick, with `install.wipe: true`."
        } else if any(|why| matches!(why, WhyNot::Data(_))) {
            "If all that is on the disk may be lost, put `wipe: true` below `install:` in config.yaml on the stick's CONFIG partition \
             (any PC shows it), and start again. Otherwise choose another disk with `install.disk`."
        } else if any(|why| matches!(why, WhyNot::NotAlone)) {
            "Say in config.yaml on the stick's CONFIG partition which one is meant: `install.disk` with `bus`, `model`, `serial`, \
             `min_size`, `max_size` or `path`, or `prefer: smallest`."
        } else {
            "Plug in the disk that is meant, or change `install.disk` in config.yaml on the stick's CONFIG partition (any PC shows it). A \
             disk that is not in the list has no driver in this image, or is switched off in the firmware's setup."
        }
    }
}

/// A line for each disk.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.disks.is_empty() {
            return f.write_str("This machine has no disk.");
        }
        for (at, (disk, why)) in self.disks.iter().enumerate() {
            let serial = disk.serial.as_deref().unwrap_or("none");
            let end = if at == 0 { "" } else { "\n" };
            write!(
                f,
                "{end}{}: {}, {}, {}, serial number {serial}: {why}",
                disk.path().display(),
                disk.title(),
                disk.size_text(),
                disk.transport
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
