//! Where a configuration comes from, and getting at it.
//!
//! The order in which sources win is os-config's ([`os_config::SourceName`]); this finds and reads them.

mod block;
mod known_sticks;
mod media;
pub(crate) mod mount;
mod stick;
mod stored_url;
mod volume;

pub(crate) use known_sticks::KnownSticks;
pub use media::{CONFIG_MOUNT, ConfigPartition, Media, NodeMedia};
pub use stick::Stick;
pub(crate) use stick::readable;
pub use stored_url::{StoredUrl, UrlCopy};
pub use volume::{Kind as VolumeKind, Volume, identify as identify_volume};

use crate::trial;
use init_api::Root;
use init_api::{BootRecord, Millis, Problem, paths};
use os_config::{Source, SourceName, Sources};
use std::io::Read;
use std::path::Path;

/// Not more than this is read of any source; os-config refuses far smaller ones with a message of its own.
const MOST_READ: u64 = 8 << 20;

const STICK_MISSED: &str =
    "a USB stick that the configuration was read from before is not there or cannot be read";

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// All sources but the URL.
    pub sources: Sources,
    /// Things worth telling that are no obstacle.
    pub notes: Vec<String>,
    /// Why there is no configuration of this node, when there is none.
    pub missing: Option<Problem>,
    /// When the configuration goes back that stands in for the one on the CONFIG partition.
    pub trial: Option<Millis>,
    /// Why there may be more to it than what was found.
    pub incomplete: Option<String>,
}

/// Reads every source that needs no network.
pub fn find(root: &Root, boot: Option<&BootRecord>, media: &mut dyn Media) -> Found {
    let sticks = media.sticks();
    collect(root, boot, media, sticks)
}

/// As [`find`], and misses the sticks that belong to the node; a `first` look in a boot waits for them.
pub(crate) fn find_with_known_sticks(
    root: &Root,
    boot: Option<&BootRecord>,
    media: &mut dyn Media,
    first: bool,
) -> Found {
    let known = KnownSticks::new(root).count();
    let sticks = if first && known > 0 {
        media.awaited_sticks(known)
    } else {
        media.sticks()
    };
    let all_there = readable(&sticks) >= known;
    let mut found = collect(root, boot, media, sticks);
    if !all_there {
        found.notes.push(format!(
            "{STICK_MISSED}: what only it says is not in force, and nothing is removed from the cluster. Put it in and \
             restart; or, to give it up for good, run `holdfast config apply FILE` with a file that does without it \
             ({CONFIG_MOUNT}/config.yaml, if that says everything)"
        ));
        found.incomplete = Some(STICK_MISSED.to_owned());
    }
    found
}

fn collect(
    root: &Root,
    boot: Option<&BootRecord>,
    media: &mut dyn Media,
    sticks: Vec<Stick>,
) -> Found {
    let mut found = Found::default();
    if let Some(text) = read(&root.path(paths::DEFAULT_CONFIG), &mut found.notes) {
        found
            .sources
            .add(Source::new(SourceName::Image, paths::DEFAULT_CONFIG, text));
    }
    match trial::current(root) {
        Ok(Some((trial, text))) => {
            found.trial = Some(trial.ends_ms);
            found.add_own(
                SourceName::ConfigPartition,
                format!("{} (on trial)", trial::FILE),
                text,
            );
        }
        Ok(None) => found.add_partition(boot, media),
        // Without a deadline it would never go back.
        Err(error) => {
            found
                .notes
                .push(format!("the configuration on trial is left out: {error}"));
            found.add_partition(boot, media);
        }
    }
    for stick in sticks {
        match stick {
            Ok((device, text)) => found.add_own(
                SourceName::UsbStick,
                format!("config.yaml on the USB stick {device}"),
                text,
            ),
            Err(note) => found.notes.push(note),
        }
    }
    if let Some(line) = read(&root.path("/proc/cmdline"), &mut found.notes) {
        found
            .sources
            .add(Source::new(SourceName::CommandLine, "/proc/cmdline", line));
    }
    found
}

impl Found {
    fn add_own(&mut self, name: SourceName, origin: String, text: Vec<u8>) {
        self.missing = None;
        self.sources.add(Source::new(name, origin, text));
    }

    fn add_partition(&mut self, boot: Option<&BootRecord>, media: &mut dyn Media) {
        match media.config_partition(boot) {
            Ok(ConfigPartition { directory, notes }) => {
                self.notes.extend(notes);
                match read(&directory.join("config.yaml"), &mut self.notes) {
                    Some(text) => self.add_own(
                        SourceName::ConfigPartition,
                        format!("{CONFIG_MOUNT}/config.yaml"),
                        text,
                    ),
                    None => self.missing = Some(media::no_file(&directory)),
                }
            }
            Err(problem) => self.missing = Some(problem),
        }
    }
}

/// The file's bytes, at most [`MOST_READ`]; `None` when it is not there or, with a note, cannot be read.
pub(crate) fn read(path: &Path, notes: &mut Vec<String>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let done =
        std::fs::File::open(path).and_then(|file| file.take(MOST_READ).read_to_end(&mut bytes));
    match done {
        Ok(_) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            notes.push(format!("cannot read {}: {error}", path.display()));
            None
        }
    }
}
