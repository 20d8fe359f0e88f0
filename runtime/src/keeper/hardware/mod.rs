//! What the machine itself says of its health: supply, heat, firmware that is too old, a network card that stops sending, and the disk
//! before it dies. It is told in a record in memory, for the console, `holdfast status` and the cluster.

mod disk;
mod firmware;
mod heat;
mod kernel_log;
mod stalled_card;
mod supply;
mod times;

use super::context::Keeper;
use disk::Disks;
use heat::Heat;
use init_api::{Root, paths};
use kernel_log::KernelLog;
use stalled_card::Cards;
use std::io;
use std::path::Path;
use std::time::Duration;
use tracing::warn;

/// What lasts for less is not worth a person's time.
const EVERY: Duration = Duration::from_secs(30);

/// What was seen since the keeper started; of the kernel's log, since the machine did.
#[derive(Debug, Default)]
struct Seen {
    log: KernelLog,
    heat: Heat,
    disks: Disks,
    cards: Cards,
}

/// Looks now and then, for ever.
pub(super) async fn watch(keeper: &Keeper) {
    let (mut seen, mut told) = (Seen::default(), Vec::new());
    let root = keeper.paths.at("/");
    loop {
        let stalled = seen.cards.stalled(&Root::new(&root));
        stalled.iter().for_each(|card| stalled_card::restart(card));
        let notes = seen.what_is_wrong(&root);
        if notes != told {
            match tell(&keeper.paths.at(paths::HARDWARE), &notes) {
                Ok(()) => told = notes,
                Err(error) => warn!("cannot write down how the hardware is: {error}"),
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

impl Seen {
    /// What is not right now, a line each, of the machine with this root. A line changes seldom, also where a count grows.
    fn what_is_wrong(&mut self, root: &Path) -> Vec<String> {
        self.log.read(&root.join("dev/kmsg"));
        let sys = root.join("sys");
        let mut notes = supply::notes(&sys, self.log.under_voltages());
        notes.extend(self.heat.notes(&sys));
        notes.extend(firmware::note(&Root::new(root)));
        notes.extend(self.cards.notes());
        notes.extend(self.disks.notes(root, self.log.disk_errors()));
        notes
    }
}

fn tell(path: &Path, notes: &[String]) -> io::Result<()> {
    if notes.is_empty() {
        return host::file::remove(path).map(drop);
    }
    host::file::write_in_memory(path, 0o644, notes.join("\n") + "\n")
}

#[cfg(test)]
mod tests;
