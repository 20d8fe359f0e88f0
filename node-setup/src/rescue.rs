//! A script on a USB stick that the keys of releases order to be run: for a machine that nobody can log in to.
//!
//! Flow: a boot finds the order and judges it, and the node goes into maintenance mode; the service `rescue` reads both files anew,
//! judges them again, notes the order on the state partition, runs the script, and leaves what it said on the stick. If it ended
//! well the machine restarts.
//!
//! Guarantee: an order is begun once at most on a machine whose state lasts, also when the power goes while it runs.

use crate::sources::{Judged, Media, Stick, judge, mount, mount_own, note_begun};
use crate::user_command;
use host::file;
use init_api::{BootRecord, FileError, Root, StateOutcome, load_if_present, paths};
use jiff::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Where script and stick are while it runs.
const FOLDER: &str = "/run/holdfast/rescue";
/// The service, and so its log.
const SERVICE: &str = "rescue";
/// What the service says last. PID 1 has written all before it into the log when this stands there.
const END: &str = "rescue: the script ended";
/// How long PID 1 may take for that.
const LOGGED: Duration = Duration::from_secs(10);

/// A rescue script was not run, or not to a good end.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// No stick has one that may be run.
    #[error(
        "no USB stick has a rescue script that is to be run now: it was pulled out, or its time is over"
    )]
    None,
    /// What was begun cannot be noted.
    #[error("the rescue script is not run, since it could not be noted that it was")]
    Note(#[from] FileError),
    /// Script or stick could not be made ready.
    #[error("the rescue script could not be made ready")]
    Ready(#[source] io::Error),
    /// It did not end well.
    #[error(
        "the rescue script failed: {0}. The machine stays in maintenance mode; restart it without the stick, or with another script"
    )]
    Script(io::Error),
}

/// Runs the script of the first stick that has one to be run. Tells whether that is remembered over a restart.
///
/// # Errors
/// What [`RescueError`] lists.
pub fn run(root: &Root, media: &mut dyn Media) -> Result<bool, RescueError> {
    let now = Timestamp::now();
    let to_run = |stick: Stick| {
        let files = stick.rescue?;
        match judge(root, &files, now) {
            Judged::Run(order) => Some((stick.device, files.script, order)),
            Judged::No(_) => None,
        }
    };
    let found = media.sticks().into_iter().find_map(to_run);
    let (device, script, order) = found.ok_or(RescueError::None)?;
    note_begun(root, &order, now)?;
    let stick = BroughtStick::mounted(root, &device);
    let ended = run_script(root, &script, &stick, order.within);
    // It is not run again: what it did may not be lost with the power.
    rustix::fs::sync();
    match &ended {
        Ok(()) => println!("{END} well"),
        Err(error) => println!("{END}: {error}"),
    }
    if let Err(error) = stick.leave(&log(root)) {
        println!("what it said could not be left on {device}: {error}");
    }
    ended?;
    Ok(lasts(root))
}

fn run_script(
    root: &Root,
    script: &[u8],
    stick: &BroughtStick,
    within: Duration,
) -> Result<(), RescueError> {
    let folder = root.path(FOLDER);
    let path = folder.join("script");
    fs::create_dir_all(&folder)
        .and_then(|()| file::write_in_memory(&path, 0o700, script))
        .map_err(RescueError::Ready)?;
    let words = ["/bin/bash".into(), path, stick.at.clone()];
    let words = words.map(|word: PathBuf| word.display().to_string());
    user_command::run(&words, Some(within)).map_err(RescueError::Script)
}

/// Whether what is written to state is there after a restart.
fn lasts(root: &Root) -> bool {
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT)).unwrap_or_default();
    boot.is_some_and(|boot| boot.state != StateOutcome::Unusable)
}

/// What the script has said, as PID 1 wrote it down.
fn log(root: &Root) -> Vec<u8> {
    let path = root.path(paths::LOGS).join(format!("{SERVICE}.log"));
    let began = Instant::now();
    loop {
        let text = fs::read(&path).unwrap_or_default();
        let whole = text.windows(END.len()).any(|part| part == END.as_bytes());
        if whole || text.is_empty() || began.elapsed() > LOGGED {
            return text;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The stick, mounted for the script to write to.
struct BroughtStick {
    at: PathBuf,
    mounted: io::Result<()>,
}

impl BroughtStick {
    /// A stick that cannot be written to, or was pulled out meanwhile, keeps no script from running.
    fn mounted(root: &Root, device: &str) -> Self {
        let at = root.path(FOLDER).join("stick");
        let mounted = mount_own(device, &at).and_then(|()| mount::set_writable(&at, true));
        if let Err(error) = &mounted {
            println!("{device} cannot be written to: {error}");
        }
        Self { at, mounted }
    }

    /// Leaves the log, by the machine's name, and lets the stick go.
    fn leave(self, log: &[u8]) -> io::Result<()> {
        let left = self
            .mounted
            .and_then(|()| file::write(&log_file(&self.at), 0o644, log));
        // It may never have been mounted.
        let _ = mount::detach(&self.at);
        left
    }
}

fn log_file(at: &Path) -> PathBuf {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    at.join(format!("rescue-{name}.log"))
}
