//! The sweep itself. `HOLDFAST_SWEEP=full` (`make sweep`) draws more, and follows up more.

use std::io::Write;
use std::path::Path;
use std::time::Instant;
use sweep::log::Event;
use sweep::machine::Machine;
use sweep::play::{Effort, Followed, Found, Play};
use sweep::uml;
use sweep::workshop::Folder;

/// What fits the tests that run at each change.
const CORE: Effort = Effort {
    draws: 320,
    followed: 12,
};
/// The same for those with a record, which have fewer ways to go wrong.
const CORE_RECORD: Effort = Effort {
    draws: 120,
    followed: 12,
};
/// What must find out something wrong.
const FEW: Effort = Effort {
    draws: 20,
    followed: 0,
};
const FULL: Effort = Effort {
    draws: 3000,
    followed: 120,
};

fn guest() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sweep-guest"))
}

/// The numbers are told also when all is well, where a test's own output is not shown.
fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    // Nobody may listen.
    let _ = writeln!(out, "sweep: {}", text.trim_end());
}

fn is_full() -> bool {
    std::env::var_os("HOLDFAST_SWEEP").is_some_and(|size| size == "full")
}

/// User-mode Linux exists for one architecture.
fn can_run() -> bool {
    let can = uml::is_there();
    assert!(
        can || cfg!(not(target_arch = "x86_64")),
        "linux.uml is missing: tools/setup installs user-mode-linux"
    );
    if !can {
        println!(
            "SKIPPED: there is no user-mode Linux for this machine; the sweep needs an x86_64 one"
        );
    }
    can
}

/// Records, judges and follows up, and tells the numbers.
fn sweep(
    folder: &Path,
    machine: Machine,
    entries: Folder,
    effort: Effort,
) -> (Play, Found, Followed) {
    let begin = Instant::now();
    let play = Play::record(folder, guest(), "record", machine, entries).expect("a record");
    let recorded = begin.elapsed();
    let (found, contents) = play.judge(effort).expect("judged");
    let judged = begin.elapsed() - recorded;
    say(&format!(
        "{}, folder of entries: {entries:?}\n{found}",
        machine.word()
    ));
    let followed = play.follow(&found, &contents, effort).expect("followed");
    say(&format!(
        "{} disks of {} that differ were followed up to their end by the real code, {} with a state partition beyond repair",
        followed.cases,
        found.gathered(),
        followed.without_state,
    ));
    for story in &followed.torn_names {
        say(&format!("OPEN, {story}"));
    }
    say(&format!(
        "recorded in {recorded:.1?}, judged in {judged:.1?}, all in {:.1?}",
        begin.elapsed()
    ));
    (play, found, followed)
}

/// The whole of it on one machine: with at least `least` states, of which none is bad.
fn nothing_is_lost(machine: Machine, core: Effort, least: usize) {
    if !can_run() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let effort = if is_full() { FULL } else { core };
    let (play, found, followed) = sweep(folder.path(), machine, Folder::Ours, effort);
    assert!(found.faults.is_empty(), "{found}");
    assert!(found.by_loader.is_empty(), "{found}");
    assert!(found.torn_names.is_empty(), "{found}");
    assert!(found.tried() >= least, "{found}");
    assert!(followed.wrong.is_empty(), "{}", followed.wrong.join("\n"));
    let torn = followed.torn_names;
    assert!(torn.is_empty(), "{}", torn.join("\n"));
    // Without its flushes, the same record must be found out.
    let mut unflushed = play;
    unflushed.events.retain(|event| *event != Event::Flush);
    let (without, _) = unflushed.judge(FEW).expect("judged");
    assert!(!without.faults.is_empty(), "flushes mean nothing to it");
}

#[test]
fn every_cut_leaves_the_old_or_the_new_release() {
    nothing_is_lost(Machine::SystemdBoot, CORE, 50_000);
}

#[test]
fn every_cut_with_u_boot_leaves_the_old_or_the_new_release() {
    nothing_is_lost(Machine::UBoot, CORE_RECORD, 20_000);
}

#[test]
fn every_cut_with_tryboot_leaves_the_old_or_the_new_release() {
    nothing_is_lost(Machine::Tryboot, CORE_RECORD, 20_000);
}

/// What a rename that is torn between two sectors leaves is open, and told; everything else must be as good as ever.
#[test]
fn in_a_folder_that_another_system_fills_only_torn_names_do_harm() {
    if !is_full() || !can_run() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let (_, found, followed) = sweep(folder.path(), Machine::SystemdBoot, Folder::Crowded, FULL);
    assert!(found.faults.is_empty(), "{found}");
    assert!(followed.wrong.is_empty(), "{}", followed.wrong.join("\n"));
}

/// A checker that finds nothing proves nothing.
#[test]
fn a_careless_upgrade_is_found_out() {
    if !can_run() {
        return;
    }
    const NO_ROOT: &str = "no slot holds its root";
    const NOT_WHOLE: &str = "its UKI is not whole";
    const NO_FILES: &str = "its boot files are not whole";
    // Without flushes either may be late: in how many writes the kernel sends the UKI is up to it, and a UKI that went out in one
    // write is seldom torn by the draws.
    for (machine, story, expected) in [
        (Machine::SystemdBoot, "arms-first", &[NO_ROOT][..]),
        (
            Machine::SystemdBoot,
            "flushes-nothing",
            &[NO_ROOT, NOT_WHOLE],
        ),
        (Machine::UBoot, "arms-first", &[NO_ROOT]),
        (Machine::UBoot, "flushes-nothing", &[NO_ROOT, NOT_WHOLE]),
        (Machine::Tryboot, "arms-first", &[NO_ROOT, NO_FILES]),
        (Machine::Tryboot, "flushes-nothing", &[NO_ROOT, NO_FILES]),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        let play = Play::record(folder.path(), guest(), story, machine, Folder::Ours);
        let play = play.expect("a record");
        let (found, _) = play.judge(FEW).expect("judged");
        let faults: Vec<_> = found.faults.keys().collect();
        assert!(
            faults
                .iter()
                .any(|fault| expected.iter().any(|lack| fault.contains(lack))),
            "{machine:?}, {story}: {faults:?}"
        );
    }
}
