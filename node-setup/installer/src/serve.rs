//! The service `holdfast node install`: one attempt after the other, each after disks came or went, until the system is installed.

use crate::machine::candidates;
use crate::next_start::from_disk;
use crate::source::is_out;
use crate::told::{
    FROM_DISK, Told, after, already, broken_stick, failed, refused, stick_is_out, stopped, waits,
};
use crate::{Device, Doing, Failure, Files, Job, Mark, Source, choose, execute, plan, signatures};
use disk_devices::Disk;
use host::identifier::random;
use init_api::{Asked, Asker, Client, Down, InstallState, Problem, Request, Root, paths};
use os_config::{AfterInstall, Config};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use std::error::Error;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Disks show themselves one after the other: which one is meant is decided when none has come or gone for so long.
const QUIET: Duration = Duration::from_secs(3);
/// What is done about a disk by hand (`wipefs`) tells nobody: so often a refusal is thought over.
const AGAIN: Duration = Duration::from_secs(20);

/// A disk that fails is not worn further at once; plugging it in again is noticed.
const AFTER_FAILURE: Duration = Duration::from_secs(600);

/// How an attempt ended.
enum Outcome {
    Installed(AfterInstall, PathBuf),
    /// This stick has done it before, onto this disk.
    Already(Problem, PathBuf),
    Refused(Problem),
    /// It was begun, and disk or stick failed.
    Stopped(Problem),
}

/// Installs, and asks PID 1 for the end of this boot. Comes back when that was asked for.
///
/// # Errors
/// `/dev` cannot be watched, `/run/holdfast` cannot be written, or PID 1 refuses.
pub fn serve(root: &Root) -> Result<(), Box<dyn Error + Send + Sync>> {
    let devices = watch(&root.path("/dev"))?;
    let mut told = Told {
        root,
        last: InstallState::default(),
    };
    loop {
        told.say_it_looks()?;
        while changed(&devices, QUIET)? {}
        match attempt(root, &mut told) {
            Outcome::Installed(then, disk) => {
                let asked = from_disk(root, &disk);
                told.finish(&after(then, asked.err().as_ref()))?;
                return end(root, then);
            }
            Outcome::Already(problem, disk) => {
                match from_disk(root, &disk) {
                    Ok(()) => told.finish(FROM_DISK)?,
                    Err(why) => {
                        told.problem(waits(problem, &why))?;
                        while !is_out(root) {
                            changed(&devices, AGAIN)?;
                        }
                        told.finish("the stick is out; this machine restarts")?;
                    }
                }
                return end(root, AfterInstall::Reboot);
            }
            Outcome::Refused(problem) => {
                told.problem(problem)?;
                changed(&devices, AGAIN)?;
            }
            Outcome::Stopped(problem) => {
                told.problem(problem)?;
                changed(&devices, AFTER_FAILURE)?;
            }
        }
    }
}

fn attempt(root: &Root, told: &mut Told<'_>) -> Outcome {
    let source = match Source::open(root) {
        Ok(source) => source,
        Err(_) if is_out(root) => return Outcome::Refused(stick_is_out()),
        Err(error) => return Outcome::Refused(broken_stick(&error)),
    };
    let install = match prepared(&source) {
        Ok(prepared) => prepared,
        Err(problem) => return Outcome::Refused(problem),
    };
    let (config, install) = install;
    let key = Mark::key(&source.text, &source.wanted.hash.to_string());
    let candidates = match candidates(&install, &source) {
        Ok(candidates) => candidates,
        Err(error) => return Outcome::Refused(failed(&error)),
    };
    let chosen = match choose(&install, &key, &candidates) {
        Ok(at) => &candidates[at].disk,
        Err(refusal) if refusal.installed_on().is_some() => {
            let disk = refusal.installed_on().map(Disk::path).unwrap_or_default();
            return Outcome::Already(already(&refusal), disk);
        }
        Err(refusal) => return Outcome::Refused(refused(&refusal)),
    };
    let at = chosen.path();
    let title = format!(
        "onto {} ({}, {})",
        at.display(),
        chosen.title(),
        chosen.size_text()
    );
    println!("installing {} {title}", source.release);
    match write(&at, &source, &config, &key, &mut |doing| {
        told.progress(&title, doing)
    }) {
        Ok(()) => Outcome::Installed(install.then, at),
        Err(error) => Outcome::Stopped(stopped(&title, &*error)),
    }
}

/// The files of the new CONFIG partition, and what `install` says.
fn prepared(source: &Source) -> Result<(Files, os_config::Install), Problem> {
    let origin = "/config/config.yaml";
    let wrong = |report: os_config::Report| {
        Problem::new(
            "Nothing was installed: the configuration of the installed machine would not be right",
            report.to_string(),
            "Mend config.yaml on the stick's CONFIG partition, which any PC shows: without `install` it has to be a right configuration \
             by itself. Then start again.",
        )
    };
    let config: Config = os_config::parse_config(origin, &source.text).map_err(wrong)?;
    let install = config.install.ok_or_else(|| {
        Problem::new(
            "Nothing was installed: `install` is no longer in config.yaml",
            "The stick's CONFIG partition was changed after this machine was started from it.",
            "Start again.",
        )
    })?;
    let installed = os_config::installed(origin, &source.text).map_err(wrong)?;
    let mut files = source.config.clone();
    files.push(("config.yaml".to_owned(), installed.text.into_bytes()));
    Ok((files, install))
}

fn write(
    at: &Path,
    source: &Source,
    config: &Files,
    key: &str,
    watch: &mut dyn FnMut(Doing),
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut device = Device::open(at)?;
    let signatures = signatures(at)?;
    let plan = plan(
        device.geometry(),
        source.root_type,
        source.root_size,
        &signatures,
        random,
    )?;
    let ids = random();
    let id =
        |from: usize| u32::from_le_bytes([ids[from], ids[from + 1], ids[from + 2], ids[from + 3]]);
    let job = Job::of(source, config, key, [id(0), id(4)]);
    execute(&plan, &job, &mut device, watch).map_err(|failure: Failure| failure.into())
}

fn end(root: &Root, then: AfterInstall) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut client = Client::connect(root.path(paths::SOCKET))?;
    client.ask(&Request::GoDown {
        down: match then {
            AfterInstall::Reboot => Down::Reboot,
            AfterInstall::PowerOff => Down::PowerOff,
        },
        asked: Asked::by(Asker::Installer),
    })?;
    Ok(())
}

fn watch(folder: &Path) -> io::Result<OwnedFd> {
    let changes = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let wanted = inotify::WatchFlags::CREATE | inotify::WatchFlags::DELETE;
    inotify::add_watch(&changes, folder, wanted)?;
    Ok(changes)
}

/// Waits for devices to come or go, at most so long; whether some did.
fn changed(changes: &OwnedFd, within: Duration) -> io::Result<bool> {
    let limit = Timespec::try_from(within).map_err(io::Error::other)?;
    let mut waiting = [PollFd::new(changes, PollFlags::IN)];
    let came = match poll(&mut waiting, Some(&limit)) {
        Ok(count) => count > 0,
        Err(rustix::io::Errno::INTR) => true,
        Err(error) => return Err(error.into()),
    };
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(changes, &mut buffer);
    while reader.next().is_ok() {}
    Ok(came)
}
