//! Boots that follow a cut, by the real code, until a release runs for good; then that one has to be able to take another.

use super::devices::device;
use super::node::{Boot, Fate, Node};
use crate::follow::{BASE, CASES, Case, OUTCOMES, Outcome, SECTORS, STATE_IS_LOST};
use crate::layout::{PARTS, Part};
use crate::log::SECTOR;
use anyhow::Context;
use init_api::WhyUnconfirmed;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// More boots than any end of a trial needs: three tries, three to turn back, those between.
const BOOTS: usize = 14;
/// What is staged at the end.
const NEXT: &str = "1.4.0";
const PIECE: usize = 16 << 10;
/// More than was ever written to, from the beginning of a partition: the kernel takes clusters in their order.
const TOUCHED: u64 = 8 << 20;

/// Follows up all cases in the work folder.
///
/// # Errors
/// A case cannot be read or its outcome written.
pub(super) fn all(node: &Node, work: &Path) -> anyhow::Result<()> {
    let disk = TheDisk::open(&work.join(BASE))?;
    let sectors = File::open(work.join(SECTORS))?;
    let mut outcomes = File::create(work.join(OUTCOMES))?;
    for line in fs::read_to_string(work.join(CASES))?.lines() {
        let case: Case = serde_json::from_str(line)?;
        disk.become_case(&case, &sectors)?;
        node.firmware.forget()?;
        let mut story = Vec::new();
        let runs = follow(node, &case, &mut story).unwrap_or_else(|error| {
            story.push(format!("{error:#}"));
            None
        });
        node.stop();
        let outcome = Outcome {
            number: case.number,
            runs,
            story,
        };
        writeln!(outcomes, "{}", serde_json::to_string(&outcome)?)?;
    }
    Ok(())
}

/// Boots until a release runs that is on no trial.
fn follow(node: &Node, case: &Case, story: &mut Vec<String>) -> anyhow::Result<Option<String>> {
    let good = case.versions.first().context("no release is good")?;
    let ready = |version: &str| !case.ill || version == good;
    // An ill release fails in another way each time.
    let fates = [Fate::Runs { ready: false }, Fate::Panics, Fate::Crashes];
    let ill = fates[case.number % fates.len()];
    for _ in 0..BOOTS {
        let fate = |version: &str| {
            if ready(version) {
                Fate::Runs { ready: true }
            } else {
                ill
            }
        };
        match node.boot(fate)? {
            Boot::Nothing => {
                story.push("the boot loader has nothing to start".to_owned());
                return Ok(None);
            }
            Boot::WithoutState(version, on_trial) => {
                story.push(STATE_IS_LOST.to_owned());
                if !on_trial {
                    return Ok(Some(version));
                }
                // Nobody confirms it there, so that PID 1's deadline runs out.
                story.push(format!("{version} restarts out of maintenance mode"));
            }
            Boot::Restarts(why) => story.push(format!("restarts: {why}")),
            Boot::Up(up) => {
                let (version, well) = (up.version.clone(), ready(&up.version));
                story.push(format!(
                    "{version} is up, well {well}, trial {:?}",
                    up.trial
                ));
                up.settle()?;
                if up.trial.is_some() && (!well || !up.is_confirmed()?) {
                    up.unconfirmed(WhyUnconfirmed::TimedOut)?;
                    up.down(node)?;
                    continue;
                }
                if !case.ill {
                    up.stage(NEXT).context("nothing can be staged any more")?;
                    story.push(format!("{NEXT} was staged"));
                }
                up.down(node)?;
                return stays(node, &version, story);
            }
        }
    }
    story.push(format!("nothing runs for good after {BOOTS} boots"));
    Ok(None)
}

/// Whether this release is what boots from now on.
fn stays(node: &Node, version: &str, story: &mut Vec<String>) -> anyhow::Result<Option<String>> {
    match node.boot(|_| Fate::Runs { ready: true })? {
        Boot::Up(up) if up.version == version && up.trial.is_none() => {
            up.down(node)?;
            Ok(Some(version.to_owned()))
        }
        other => {
            story.push(format!("then: {other:?}"));
            Ok(None)
        }
    }
}

/// The partitions, as they were left by the case before.
struct TheDisk(Vec<ThePart>);

struct ThePart {
    /// What may have been written to, as it was at first.
    base: Vec<u8>,
    start: u64,
    file: File,
}

impl TheDisk {
    fn open(base: &Path) -> anyhow::Result<Self> {
        let base = File::open(base)?;
        let part = |part: Part| {
            let bytes = part.bytes();
            let mut touched = vec![0; TOUCHED.min(bytes.end - bytes.start) as usize];
            base.read_exact_at(&mut touched, bytes.start)?;
            let file = File::options().read(true).write(true).open(device(part))?;
            anyhow::Ok(ThePart {
                base: touched,
                start: bytes.start,
                file,
            })
        };
        Ok(Self(PARTS.map(part).into_iter().collect::<Result<_, _>>()?))
    }

    fn become_case(&self, case: &Case, sectors: &File) -> anyhow::Result<()> {
        // What a file system wrote is not what the partition's cache remembers.
        fs::write("/proc/sys/vm/drop_caches", "1")?;
        let mut entries = vec![0; case.sectors.1 * (8 + SECTOR)];
        sectors.read_exact_at(&mut entries, case.sectors.0)?;
        let entries = entries.chunks_exact(8 + SECTOR);
        for part in &self.0 {
            let mut wanted = part.base.clone();
            for entry in entries.clone() {
                let to = u64::from_le_bytes(entry[..8].try_into()?) * SECTOR as u64;
                let place = to.checked_sub(part.start).map(|at| at as usize);
                if let Some(at) = place.filter(|at| at + SECTOR <= wanted.len()) {
                    wanted[at..at + SECTOR].copy_from_slice(&entry[8..]);
                }
            }
            part.become_content(&wanted)?;
        }
        Ok(())
    }
}

impl ThePart {
    fn become_content(&self, wanted: &[u8]) -> anyhow::Result<()> {
        let mut there = vec![0; wanted.len()];
        self.file.read_exact_at(&mut there, 0)?;
        for (number, piece) in wanted.chunks(PIECE).enumerate() {
            let at = number * PIECE;
            if there[at..at + piece.len()] != *piece {
                self.file.write_all_at(piece, at as u64)?;
            }
        }
        Ok(self.file.sync_all()?)
    }
}
