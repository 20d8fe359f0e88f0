//! PID 1 from its first instruction to the loop that it never leaves.

use super::serve::{Facts, Server, Setting};
use super::{Phase, folders, identity, last_boot, mounts, notes, restore};
use crate::clock::{self, KernelClock};
use crate::emergency;
use crate::memory;
use crate::report::{Log, Phases};
use crate::supervise::{BuiltIn, Groups, MachineSize, take_turns};
use crate::watchdog::Guard;
use init_api::Root;
use init_api::{BootRecord, Problem, Release, Stage, StateOutcome, paths};
use rustix::system::{RebootCommand, reboot};
use std::io;
use std::path::Path;
use std::rc::Rc;

/// Runs PID 1; never comes back.
pub(crate) fn run() -> ! {
    emergency::log_panics();
    let boot = init_api::load::<BootRecord>(paths::BOOT);
    let guard = Guard::inherit(boot.as_ref().ok().and_then(|boot| boot.watchdog.clone()));
    let log = Log::open(Path::new("/dev"), Path::new("/sys"));
    let mut notes = Vec::new();
    let mut note = |log: &Log, text: String| {
        log.error(&text);
        notes.push(text);
    };
    for failure in [
        sys::ignore_broken_pipes(),
        reboot(RebootCommand::CadOff).map_err(io::Error::from),
    ] {
        if let Err(error) = failure {
            note(&log, error.to_string());
        }
    }
    let boot = boot.inspect_err(|error| note(&log, error.to_string())).ok();
    let mut phases = Phases::new(
        Stage::System,
        boot.iter().flat_map(|b| b.phases.clone()).collect(),
    );
    if let Some(text) = notes::about_repair(boot.as_ref()) {
        note(&log, text);
    }
    let mut problem = state_problem(boot.as_ref());
    for phase in Phase::ORDER {
        match phases.run(phase.name(), &log, || {
            perform(phase, boot.as_ref(), &guard, &log)
        }) {
            Ok(told) => told.into_iter().for_each(|text| note(&log, text)),
            Err(error) => {
                let text = format!("phase {}: {error}", phase.name());
                note(&log, text.clone());
                problem.get_or_insert_with(|| broken(text));
            }
        }
    }
    let facts = Facts {
        boot,
        notes,
        problem,
        release: init_api::load(paths::RELEASE).ok(),
    };
    let setting = Setting {
        root: Root::new("/"),
        clock: Rc::new(KernelClock),
        built_in: BuiltIn::of_the_image(),
    };
    match Server::open(setting, log, guard, phases, facts) {
        Ok(server) => server.serve().leave(),
        Err(error) => {
            let log = Log::open(Path::new("/dev"), Path::new("/sys"));
            if let Err(error) = last_boot::give_up(&Root::new("/"), &error.to_string()) {
                log.error(&host::with_causes(&error));
            }
            emergency::reboot_because_of(&log, &broken(error.to_string()))
        }
    }
}

/// Does one phase; gives notes about what is not right and can be lived with.
fn perform(
    phase: Phase,
    boot: Option<&BootRecord>,
    guard: &Guard,
    log: &Log,
) -> io::Result<Vec<String>> {
    let root = Path::new("/");
    match phase {
        Phase::Mounts => {
            let notes = mounts::mount_all(root)?;
            mounts::overlay_etc(root)?;
            Ok(notes)
        }
        Phase::Folders => folders::bind_all(root).map(|()| Vec::new()),
        Phase::LastBoot => {
            let release = init_api::load(paths::RELEASE).ok();
            let watchdog = guard.did_the_last_reset();
            let notes = last_boot::find_out(&Root::new("/"), boot, release.as_ref(), watchdog);
            if let Some(last) = last_boot::told(&Root::new("/")) {
                log.line(&format!("the last boot: {}", last.line()));
            }
            Ok(notes)
        }
        Phase::Groups => {
            let mut notes = Groups::at(Path::new("/sys/fs/cgroup")).prepare(size())?;
            let disk = boot.and_then(|boot| Path::new(&boot.disk).file_name()?.to_str());
            notes.extend(disk.and_then(|disk| take_turns(Path::new("/sys"), disk)));
            Ok(notes)
        }
        Phase::Identity => identify(root, log),
    }
}

/// How large the machine is.
fn size() -> MachineSize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    MachineSize {
        memory: memory::all(),
        processors: u64::try_from(processors).unwrap_or(1),
    }
}

/// The machine's id comes last: it needs the state partition, and the rest must not wait for that to be mended.
fn identify(root: &Path, log: &Log) -> io::Result<Vec<String>> {
    identity::raise_loopback()?;
    let mut notes = lift_clock(log)?;
    if restore::carry_out(&Root::new(root))? {
        notes.push(format!(
            "a backup was restored at this boot; what the machine had before is in {}: remove it when it is not needed any more",
            paths::BEFORE_RESTORE
        ));
    }
    let id = identity::machine_id(
        &Path::new(paths::STATE).join("machine-id"),
        &root.join("etc/machine-id"),
    )?;
    identity::set_hostname(&identity::default_hostname(&id))?;
    Ok(notes)
}

fn lift_clock(log: &Log) -> io::Result<Vec<String>> {
    let Ok(release) = init_api::load::<Release>(paths::RELEASE) else {
        return Ok(vec![format!(
            "cannot read {}: the clock was not checked",
            paths::RELEASE
        )]);
    };
    let noted = clock::noted(Path::new(paths::CLOCK));
    if let (_, true) = clock::lift(&release, noted)? {
        log.line("the clock stood before the last time that was known and was lifted to it");
    }
    Ok(Vec::new())
}

/// The initramfs stage's word about a state partition that cannot be used.
fn state_problem(boot: Option<&BootRecord>) -> Option<Problem> {
    if boot.is_none_or(|boot| boot.state != StateOutcome::Unusable) {
        return None;
    }
    let told = init_api::load_if_present(paths::PROBLEM).ok().flatten();
    Some(told.unwrap_or_else(|| broken("the state partition cannot be used".into())))
}

fn broken(text: String) -> Problem {
    Problem::new(
        "This system did not start as it should",
        text,
        "Reboot. If it happens again, the other slot may work, or flash the image again.",
    )
}
