//! What U-Boot starts, by the record of the slots: the image of board rpi4 with U-Boot's own script, and small programs in place of
//! kernels, which say their name and reset the machine, as a release that crashes does, or stay.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, ensure};
use machine::Vm;
use slots::Counter;
use slots::u_boot::{RECORD, RECORD_SIZE, Record, SPARE_RECORD};
use vm_tests::{Ending, Stage, efi_program};

use crate::arm64;

/// How long one line of U-Boot's may take.
const WITHIN: u64 = 120;
/// What a program says before its name.
const SAYS: &str = "program: ";
/// What the script says when it gives up.
const NOTHING: &str = "holdfast: no release on this disk can be started";

/// A release in `EFI/Linux`.
#[derive(Debug, Clone, Copy)]
enum There {
    /// Starts and crashes.
    Crashes,
    /// Starts and goes on.
    Runs,
    /// Is no program.
    Garbage,
}

/// The record on the disk, or its copy.
#[derive(Debug, Clone)]
enum Written {
    Record(Record),
    Damaged,
    Missing,
}

struct Case {
    name: &'static str,
    record: Written,
    spare: Written,
    there: &'static [(&'static str, There)],
    /// What is said, in order; the last line ends the case.
    said: &'static [&'static str],
    /// The record afterwards.
    left: Written,
}

pub(crate) fn what_u_boot_starts(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine_of(arm64::PI, arm64::pi(), Some(""))?;
    let mut failed = Vec::new();
    for case in cases() {
        match run(stage, &vm, &case) {
            Ok(()) => stage.note(format!("{}: as it should be", case.name)),
            Err(error) => failed.push(format!("{}: {error:#}", case.name)),
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

fn cases() -> Vec<Case> {
    use There::{Crashes, Garbage, Runs};
    use Written::{Damaged, Missing};
    let one = || written("1", None, None);
    let case = |name, record: Written, there, said, left| Case {
        name,
        record,
        spare: one(),
        there,
        said,
        left,
    };
    let tried = |left, done| written("1", None, Some(("2", left, done)));
    vec![
        case(
            "no trial",
            one(),
            &[("1", Runs), ("2", Runs)],
            &["1"],
            one(),
        ),
        case(
            "a trial that crashes each time, and then the good one",
            tried(3, 0),
            &[("1", Runs), ("2", Crashes)],
            &["2", "2", "2", "1"],
            tried(0, 3),
        ),
        case(
            "a trial that comes up",
            tried(2, 1),
            &[("1", Runs), ("2", Runs)],
            &["2"],
            tried(1, 2),
        ),
        case(
            "a trial without its file",
            tried(3, 0),
            &[("1", Runs)],
            &["1"],
            tried(2, 1),
        ),
        case(
            "a trial that is no program",
            tried(3, 0),
            &[("1", Runs), ("2", Garbage)],
            &["1"],
            tried(2, 1),
        ),
        case(
            "the good one is not there, one that is kept is",
            written("1", Some("0"), None),
            &[("0", Runs), ("1", Garbage)],
            &["0"],
            written("1", Some("0"), None),
        ),
        case(
            "nothing but a trial that is used up: it gets its tries back",
            tried(0, 3),
            &[("2", Runs)],
            &[NOTHING, "2"],
            tried(2, 1),
        ),
        case(
            "a damaged record: the copy's good one, and no trial",
            Damaged,
            &[("1", Runs), ("2", Runs)],
            &["1"],
            Damaged,
        ),
        case(
            "no record",
            Missing,
            &[("1", Runs), ("2", Runs)],
            &["1"],
            Missing,
        ),
        Case {
            spare: Missing,
            ..case(
                "no record at all",
                Damaged,
                &[("1", Runs)],
                &[NOTHING],
                Damaged,
            )
        },
    ]
}

fn written(good: &str, kept: Option<&str>, trial: Option<(&str, u32, u32)>) -> Written {
    let name = |version: &str| {
        let name = format!("holdfast_{version}.efi").parse();
        name.unwrap_or_else(|error| panic!("a name of the table: {error}"))
    };
    Written::Record(Record {
        good: name(good),
        kept: kept.map(name),
        trial: trial.map(|(version, left, done)| (name(version), Counter { left, done })),
    })
}

fn run(stage: &Stage, vm: &Vm, case: &Case) -> anyhow::Result<()> {
    place(vm, case)?;
    let mut node = stage.start(vm)?;
    let outcome = case.said.iter().try_for_each(|said| {
        let line = match *said {
            NOTHING => NOTHING.to_owned(),
            version => format!("{SAYS}{version}"),
        };
        node.wait_for_text(&line, WITHIN).map(drop)
    });
    let console = node.console();
    node.power_cut()?;
    outcome?;
    let said: Vec<&str> = console
        .lines()
        .filter_map(|line| match line.split_once(SAYS) {
            Some((_, version)) => Some(version.trim()),
            None => line.contains(NOTHING).then_some(NOTHING),
        })
        .collect();
    ensure!(
        said == case.said,
        "it started {said:?}, expected {:?}",
        case.said
    );
    let left = content(vm, RECORD)?;
    let expected = bytes(&case.left);
    ensure!(
        left == expected,
        "the record is {:?} afterwards, expected {:?}",
        left.map(|left| String::from_utf8_lossy(&left).into_owned()),
        case.left
    );
    Ok(())
}

/// Writes the case onto the boot partition, over the case before.
fn place(vm: &Vm, case: &Case) -> anyhow::Result<()> {
    on_boot_partition(vm, |volume| {
        for entry in volume.list()? {
            if entry.path.starts_with("EFI/Linux/") {
                volume.remove(&entry.path)?;
            }
        }
        for (version, there) in case.there {
            let program = match there {
                There::Crashes => efi_program(&format!("{SAYS}{version}"), Ending::Reset),
                There::Runs => efi_program(&format!("{SAYS}{version}"), Ending::Stay),
                There::Garbage => vec![0x5a; 4096],
            };
            let path = format!("EFI/Linux/holdfast_{version}.efi");
            volume.write_file(&path, &mut &program[..])?;
        }
        for (name, written) in [(RECORD, &case.record), (SPARE_RECORD, &case.spare)] {
            match bytes(written) {
                Some(bytes) => volume.write_file(name, &mut &bytes[..])?,
                None => drop(volume.remove(name)),
            }
        }
        Ok(())
    })
}

fn bytes(written: &Written) -> Option<Vec<u8>> {
    match written {
        Written::Record(record) => Some(record.render().to_vec()),
        // A torn one: half of it is another's.
        Written::Damaged => Some(vec![b'#'; RECORD_SIZE]),
        Written::Missing => None,
    }
}

fn content(vm: &Vm, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let mut content = None;
    on_boot_partition(vm, |volume| {
        content = volume.read_file(name, RECORD_SIZE as u64).ok();
        Ok(())
    })?;
    Ok(content)
}

fn on_boot_partition(
    vm: &Vm,
    edit: impl FnOnce(&formats::fat::Volume<File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let disk = vm.disk();
    let mut outcome = Ok(());
    disk.edit(&disk.partition("boot")?, |partition| {
        outcome = edited(partition, edit);
        Ok(())
    })?;
    outcome.context("on the boot partition")
}

fn edited(
    partition: &Path,
    edit: impl FnOnce(&formats::fat::Volume<File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let file = File::options().read(true).write(true).open(partition)?;
    let volume = formats::fat::open(file)?;
    edit(&volume)?;
    Ok(volume.finish()?)
}
