//! From step to step until the state partition's file system is mounted.

use super::check::Check;
use super::error::StateError;
use super::repair::{Ended, Next, Step, UndoPlace, first, next};
use super::undo::Undo;
use crate::watchdog::Guard;
use disk::gpt::Table;
use host::with_causes;
use init_api::StateOutcome;

/// How it came to be mounted.
#[derive(Debug)]
pub(super) struct Usable {
    pub(super) outcome: StateOutcome,
    /// What was wrong at first.
    pub(super) why: String,
    /// A step was begun that risks data.
    pub(super) risked: bool,
}

/// Carries out the steps. `begin` is called once, before the first step that risks data.
///
/// # Errors
/// It cannot be used: what was wrong at first.
pub(super) fn make_usable(
    check: &Check<'_>,
    layout: &Table,
    undo: &mut Undo<'_>,
    guard: &mut Guard,
    mount: impl Fn() -> Result<(), StateError>,
    begin: impl Fn(),
) -> Result<Usable, StateError> {
    let choice = layout.when_damaged();
    let mut step = first(choice, layout.repair_begun());
    let mut risked = false;
    let mut wrong = None;
    loop {
        if step.risks_data() && !risked {
            risked = true;
            begin();
        }
        let (ended, error) = carry_out(check, step, undo, guard);
        wrong = wrong.or(error);
        let mut following = next(step, ended, choice);
        if let Next::Use(outcome) = following {
            match mount() {
                Ok(()) => {
                    return Ok(Usable {
                        outcome,
                        why: why(wrong),
                        risked,
                    });
                }
                Err(error) => {
                    wrong = wrong.or(Some(error));
                    following = next(step, Ended::Failed, choice);
                }
            }
        }
        match following {
            Next::Run(following) => step = following,
            Next::Use(_) | Next::Stop => return Err(wrong.unwrap_or(StateError::Repair)),
        }
    }
}

fn carry_out(
    check: &Check<'_>,
    step: Step,
    undo: &mut Undo<'_>,
    guard: &mut Guard,
) -> (Ended, Option<StateError>) {
    let Step::Repair { undo: place, .. } = step else {
        return check.run(step, None, guard);
    };
    let file = undo.file(place);
    // Without room nothing would be kept: the next step is another place.
    if file.is_none() && place != UndoPlace::Nowhere {
        return (Ended::Failed, None);
    }
    check
        .log
        .error(&format!("state is damaged, and is repaired now: {step:?}"));
    let (ended, error) = check.run(step, file.as_deref(), guard);
    if let (Ended::NotOpened, Some(file)) = (ended, &file) {
        undo.discard(file);
    }
    (ended, error)
}

fn why(wrong: Option<StateError>) -> String {
    wrong.map_or_else(
        || "a repair that was begun at an earlier boot had not ended".to_owned(),
        |error| with_causes(&error),
    )
}

#[cfg(test)]
mod tests {
    use super::{Usable, make_usable};
    use crate::initramfs::state::check::Check;
    use crate::initramfs::state::error::StateError;
    use crate::initramfs::state::undo::Undo;
    use crate::report::Log;
    use crate::watchdog::Guard;
    use disk::Sector;
    use disk::gpt::{NewPartition, Table, derive_guid, types};
    use disk::layout::WhenDamaged;
    use init_api::StateOutcome;
    use std::cell::Cell;
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    const MIB: u64 = 1024 * 1024;

    /// A file system as a first boot makes it, in a file, with 100 files of 8 KiB.
    struct Image {
        folder: tempfile::TempDir,
        file: PathBuf,
    }

    fn run(program: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(program).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    }

    impl Image {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("folder");
            let file = folder.path().join("state");
            let source = folder.path().join("source/var");
            fs::create_dir_all(&source).expect("folder");
            for n in 0..100 {
                fs::write(source.join(format!("f{n}")), vec![n; 8192]).expect("written");
            }
            let made = File::create(&file).expect("a file");
            made.set_len(1024 * MIB).expect("sparse");
            let path = file.display().to_string();
            let from = folder.path().join("source").display().to_string();
            let made = run(
                "mkfs.ext4",
                &["-q", "-F", "-L", "holdfast-state", "-d", &from, &path],
            );
            assert_eq!(made.0, Some(0));
            Self { folder, file }
        }

        fn path(&self) -> String {
            self.file.display().to_string()
        }

        /// Runs requests of `debugfs` on it.
        fn change(&self, requests: &[&str]) {
            for request in requests {
                let done = run("debugfs", &["-w", "-R", request, &self.path()]);
                assert_eq!(done.0, Some(0), "{request}");
            }
        }

        fn overwrite(&self, from: u64, length: usize) {
            let file = File::options()
                .write(true)
                .open(&self.file)
                .expect("opened");
            file.write_all_at(&vec![0xa5; length], from)
                .expect("written");
        }

        fn is_in_order(&self) -> bool {
            run("e2fsck", &["-f", "-n", &self.path()]).0 == Some(0)
        }

        /// As the stage does it; a file system can be mounted when nothing is wrong with it. With how often a risk was begun.
        fn make_usable(
            &self,
            choice: WhenDamaged,
            begun: bool,
        ) -> (Result<Usable, StateError>, u32) {
            let log = Log::default();
            let check = Check {
                node: &self.file,
                root: Path::new("/"),
                logs: &self.folder.path().join("logs"),
                log: &log,
            };
            let mut undo = Undo::new(Path::new("/"), None, &log);
            undo.memory = Some(self.folder.path().into());
            let mount = || match self.is_in_order() {
                true => Ok(()),
                false => Err(StateError::Repair),
            };
            let begins = Cell::new(0);
            let usable = make_usable(
                &check,
                &table(choice, begun),
                &mut undo,
                &mut Guard::default(),
                mount,
                || begins.set(begins.get() + 1),
            );
            (usable, begins.get())
        }

        fn undo_file(&self) -> PathBuf {
            self.folder.path().join("state-repair-1.e2undo")
        }
    }

    fn table(choice: WhenDamaged, begun: bool) -> Table {
        let state = NewPartition {
            name: "state".into(),
            type_guid: types::LINUX_DATA,
            guid: derive_guid(b"test", "state"),
            size: MIB,
            attributes: 0,
        };
        let guid = derive_guid(b"", "");
        let mut table = Table::plan(Sector::Bytes512, guid, &[state], None).expect("a small table");
        table = table.with_when_damaged(choice).unwrap_or(table);
        table.with_repair_begun(begun).unwrap_or(table)
    }

    /// A file whose blocks cannot be known any more: what `e2fsck -p` leaves to a person.
    const LOST_BLOCKS: [&str; 2] = [
        "set_inode_field /var/f7 block[0] 0xffff",
        "set_super_value state 2",
    ];

    #[test]
    fn what_preening_mends_risks_nothing() {
        let image = Image::new();
        for (requests, outcome) in [
            (&[][..], StateOutcome::Clean),
            (
                &[
                    "set_inode_field /var/f1 links_count 7",
                    "set_super_value state 2",
                ],
                StateOutcome::Repaired,
            ),
        ] {
            image.change(requests);
            let (usable, begins) = image.make_usable(WhenDamaged::Renew, false);
            assert_eq!(usable.expect("usable").outcome, outcome);
            assert_eq!((begins, image.undo_file().exists()), (0, false));
        }
    }

    #[test]
    fn damage_is_repaired_and_can_be_brought_back() {
        for (case, backup) in [("an inode", false), ("the superblock", true)] {
            let image = Image::new();
            if backup {
                image.overwrite(0, 4096);
            } else {
                image.change(&LOST_BLOCKS);
            }
            // Preening notes in the superblock that it was there.
            run("e2fsck", &["-p", &image.path()]);
            let damaged = fs::read(&image.file).expect("read");
            let (usable, begins) = image.make_usable(WhenDamaged::Repair, false);
            let usable = usable.expect(case);
            assert_eq!(usable.outcome, StateOutcome::RepairedAtRisk, "{case}");
            assert!(usable.why.contains("e2fsck -p"), "{}", usable.why);
            assert_eq!((begins, usable.risked), (1, true), "{case}");
            let (_, kept) = run("debugfs", &["-R", "cat /var/f42", &image.path()]);
            assert_eq!(kept.as_bytes(), vec![42; 8192], "{case}");
            // Its own tool is the judge of the undo file.
            let undo = image.undo_file().display().to_string();
            assert_eq!(
                run("e2undo", &["-f", &undo, &image.path()]).0,
                Some(0),
                "{case}"
            );
            // All but the superblock, in which the last look has left its time.
            let back = fs::read(&image.file).expect("read");
            assert!(back[..1024] == damaged[..1024], "{case}: the beginning");
            assert!(back[2048..] == damaged[2048..], "{case}: the rest");
        }
    }

    #[test]
    fn who_wants_a_person_gets_one() {
        let image = Image::new();
        image.change(&LOST_BLOCKS);
        let (usable, begins) = image.make_usable(WhenDamaged::Stop, false);
        let error = usable.expect_err("unusable");
        assert!(error.to_string().contains("e2fsck -p"), "{error}");
        assert_eq!(begins, 0);
        let (left, said) = run("e2fsck", &["-f", "-n", &image.path()]);
        assert_eq!(left, Some(4), "it was repaired: {said}");
    }

    #[test]
    fn who_wants_an_empty_one_gets_it() {
        let image = Image::new();
        image.overwrite(0, 16 * 1024 * 1024);
        let (usable, begins) = image.make_usable(WhenDamaged::Renew, false);
        assert_eq!(usable.expect("usable").outcome, StateOutcome::Renewed);
        assert_eq!(begins, 1);
        let (_, label) = run("e2label", &[&image.path()]);
        assert_eq!(label.trim(), "holdfast-state");
        assert!(
            !run("debugfs", &["-R", "stat /var", &image.path()])
                .1
                .contains("Inode")
        );
    }

    #[test]
    fn what_cannot_be_repaired_is_said_and_a_repair_that_was_cut_is_told() {
        let image = Image::new();
        image.overwrite(0, 1024 * 1024 * 1024);
        let (usable, _) = image.make_usable(WhenDamaged::Repair, false);
        let error = usable.expect_err("nothing is left").to_string();
        assert!(error.contains("e2fsck -p"), "{error}");

        let image = Image::new();
        let (usable, begins) = image.make_usable(WhenDamaged::Repair, true);
        let usable = usable.expect("usable");
        assert_eq!((usable.outcome, begins), (StateOutcome::RepairedAtRisk, 1));
        assert!(usable.why.contains("had not ended"), "{}", usable.why);
    }
}
