//! USB sticks that hold a configuration.

use super::asked_rescue::RescueFiles;
use super::attempt::{ATTEMPTS, Attempt};
use super::block::{self, Block};
use super::volume::Volume;
use super::{asked_reset, file, mount, volume};
use crate::policy::SIGNATURES;
use disk::layout::Reset;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

const MOUNT: &str = "/run/holdfast/stick";
/// The label of sticks that are meant for Holdfast.
pub(super) const LABEL: &str = "HOLDFAST";
/// The folder of a bundle.
pub(super) const BUNDLE: &str = "holdfast";
/// How long one that belongs to the node is waited for: a hub, or a stick, may need seconds until the kernel knows it.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// A USB stick that is meant for Holdfast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stick {
    /// Its device.
    pub device: String,
    /// Its `config.yaml`, or why that could not be read, in a sentence.
    pub config: Result<Vec<u8>, String>,
    /// The lines of its `config.yaml.sig`, if it has one.
    pub signatures: Option<Vec<u8>>,
    /// Whether it has a file `maintenance` at its top.
    pub asks_for_maintenance: bool,
    /// The file at its top that asks for a reset, and how far that goes, or why it asks for none.
    pub asks_for_reset: Option<(&'static str, Result<Reset, String>)>,
    /// The script at its top that it asks to run, with the order to do so.
    pub rescue: Option<RescueFiles>,
}

/// Some editors end every name with .txt.
const RESET_FILES: [&str; 2] = ["reset", "reset.txt"];

impl Stick {
    /// One with a `config.yaml`.
    pub fn new(device: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Stick {
            device: device.into(),
            config: Ok(text.into()),
            signatures: None,
            asks_for_maintenance: false,
            asks_for_reset: None,
            rescue: None,
        }
    }

    /// One whose `config.yaml` could not be read, and why.
    pub fn unreadable(device: impl Into<String>, why: impl Into<String>) -> Self {
        Stick {
            device: device.into(),
            config: Err(why.into()),
            signatures: None,
            asks_for_maintenance: false,
            asks_for_reset: None,
            rescue: None,
        }
    }
}

impl Stick {
    /// Whether it was made to ask for something: then it needs no configuration.
    pub(super) fn is_a_wish(&self) -> bool {
        self.asks_for_maintenance || self.asks_for_reset.is_some() || self.rescue.is_some()
    }
}

/// How many of them could be read.
pub(crate) fn readable(sticks: &[Stick]) -> usize {
    sticks.iter().filter(|stick| stick.config.is_ok()).count()
}

/// All that the kernel knows now.
pub(super) fn all() -> Vec<Stick> {
    pluggable().iter().filter_map(stick).collect()
}

/// The devices of all that the kernel knows now; none is mounted.
pub(super) fn devices() -> Vec<String> {
    let labelled = |block| Some(labelled(block)?.0.display().to_string());
    pluggable().iter().filter_map(labelled).collect()
}

fn pluggable() -> Vec<Block> {
    let blocks = block::list(Path::new("/sys")).unwrap_or_default();
    let pluggable = |block: &Block| block.pluggable && block.size > 0;
    blocks.into_iter().filter(pluggable).collect()
}

/// All, as soon as so many can be read; those that are there, when that takes too long.
pub(super) fn awaited(wanted: usize) -> Vec<Stick> {
    wait_for(wanted, all, PATIENCE, thread::sleep)
}

fn wait_for(
    wanted: usize,
    mut list: impl FnMut() -> Vec<Stick>,
    patience: Duration,
    mut pause: impl FnMut(Duration),
) -> Vec<Stick> {
    let began = Instant::now();
    loop {
        let sticks = list();
        if readable(&sticks) >= wanted || began.elapsed() >= patience {
            return sticks;
        }
        pause(BETWEEN_TRIES);
    }
}

/// A medium with our label.
pub(super) fn labelled(block: &Block) -> Option<(PathBuf, Volume)> {
    let device = Path::new("/dev").join(&block.name);
    let volume = volume::read(&device).ok().flatten()?;
    (volume.label == LABEL).then_some((device, volume))
}

/// `None`: not a stick of ours.
fn stick(block: &Block) -> Option<Stick> {
    let (device, volume) = labelled(block)?;
    let shown = device.display().to_string();
    let begun = volume::fingerprint(&device)
        .and_then(|known_by| Attempt::begin(Path::new(ATTEMPTS), &known_by));
    let attempt = match begun {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            let why = format!(
                "the USB stick {shown} was not read to its end before; it is not tried again until the next boot: pull it out, and write its file to another one"
            );
            return Some(Stick::unreadable(shown, why));
        }
        Err(error) => {
            let why = format!("the USB stick {shown} is not read: {error}");
            return Some(Stick::unreadable(shown, why));
        }
    };
    let stick = read(&device, &volume, shown);
    // Left as it is, it would keep a good stick from being read again.
    if let Err(error) = attempt.end() {
        let shown = device.display().to_string();
        let why = format!("the USB stick {shown} cannot be read again: {error}");
        return Some(Stick::unreadable(shown, why));
    }
    stick
}

/// `None`: a stick for something else than configuration.
fn read(device: &Path, volume: &volume::Volume, shown: String) -> Option<Stick> {
    let at = Path::new(MOUNT);
    let mounted = fs::create_dir_all(at).and_then(|()| mount::foreign(device, at, volume));
    if let Err(error) = mounted {
        let why = format!("the USB stick {shown} cannot be mounted: {error}");
        return Some(Stick::unreadable(shown, why));
    }
    let mut notes = Vec::new();
    let text = file::read(&at.join("config.yaml"), &mut notes);
    let signatures = file::read(&at.join(SIGNATURES), &mut notes);
    // Some editors end every name with .txt.
    let asks = ["maintenance", "maintenance.txt"];
    let asks_for_maintenance = asks.iter().any(|name| at.join(name).exists());
    let brings_a_bundle = at.join(BUNDLE).is_dir();
    let asks_for_reset = RESET_FILES.into_iter().find_map(|name| {
        let text = file::read(&at.join(name), &mut Vec::new())?;
        Some((name, asked_reset::parse(&text)))
    });
    let rescue = file::read(&at.join("rescue.sh"), &mut notes).map(|script| RescueFiles {
        script,
        order: file::read(&at.join("rescue.json"), &mut notes).unwrap_or_default(),
    });
    if let Err(error) = mount::detach(at) {
        let why = format!("the USB stick {shown} cannot be unmounted: {error}");
        return Some(Stick::unreadable(shown, why));
    }
    if text.is_none()
        && notes.is_empty()
        && brings_a_bundle
        && !asks_for_maintenance
        && asks_for_reset.is_none()
        && rescue.is_none()
    {
        return None;
    }
    let config = text.ok_or_else(|| {
        let none = || format!("the USB stick {shown} has no config.yaml at its top");
        notes.pop().unwrap_or_else(none)
    });
    Some(Stick {
        device: shown,
        config,
        signatures,
        asks_for_maintenance,
        asks_for_reset,
        rescue,
    })
}

/// Gives the file on the stick that asked for a reset another name.
///
/// # Errors
/// The stick is gone or takes no writes.
pub(crate) fn mark_reset_done(device: &str, file: &str) -> io::Result<()> {
    let at = Path::new(MOUNT);
    mount_own(device, at)?;
    let renamed = mount::set_writable(at, true)
        .and_then(|()| fs::rename(at.join(file), at.join(format!("{file}.done"))))
        .and_then(|()| fs::File::open(at)?.sync_all());
    mount::detach(at)?;
    renamed
}

/// Mounts a stick whose wish is believed, read-only until it is written to.
///
/// # Errors
/// The stick is gone, or the kernel's.
pub(crate) fn mount_own(device: &str, at: &Path) -> io::Result<()> {
    let device = Path::new(device);
    let volume = volume::read(device)?.ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(at)?;
    mount::foreign_to_write(device, at, &volume)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried, how many are wanted, what each try finds, the patience, how often it is tried.
    type Case = (&'static str, usize, Vec<Vec<Stick>>, Duration, usize);

    #[test]
    fn a_late_stick_is_waited_for_and_not_for_ever() {
        let good = |name: &str| Stick::new(name, "");
        let bad = || Stick::unreadable("sda", "read error");
        let ages = Duration::from_secs(3600);
        let cases: [Case; 6] = [
            ("none is wanted", 0, vec![vec![]], ages, 1),
            ("there at once", 1, vec![vec![good("sda")]], ages, 1),
            ("late", 1, vec![vec![], vec![], vec![good("sda")]], ages, 3),
            (
                "read at the second try",
                1,
                vec![vec![bad()], vec![good("sda")]],
                ages,
                2,
            ),
            (
                "the second one late",
                2,
                vec![vec![good("sda")], vec![good("sda"), good("sdb")]],
                ages,
                2,
            ),
            ("never", 1, vec![vec![bad()]], Duration::ZERO, 1),
        ];
        for (case, wanted, states, patience, tries) in cases {
            let mut seen = 0;
            let mut pauses = 0;
            let list = || {
                seen += 1;
                states[seen - 1].clone()
            };
            let found = wait_for(wanted, list, patience, |_| pauses += 1);
            assert_eq!(seen, tries, "{case}: tries");
            assert_eq!(pauses, tries - 1, "{case}: pauses");
            assert_eq!(found, states[tries - 1], "{case}");
        }
    }
}
