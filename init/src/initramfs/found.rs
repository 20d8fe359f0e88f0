//! Waiting for the booted disk.

use super::Failure;
use super::plug::Plug;
use crate::disk::{Choice, Disk, Guid, Table, choose, disks, efi_text};
use crate::report::Log;
use crate::watchdog::Guard;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// USB disks behind slow hubs take up to half of this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Without the boot loader's word, a second disk gets this long to show itself after the last news about disks.
const QUIET: Duration = Duration::from_secs(1);
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// A boot loader variable's text, if the machine has it.
pub(super) fn loader_variable(sys: &Path, name: &str) -> Option<String> {
    let path = sys
        .join("firmware/efi/efivars")
        .join(format!("{name}-{VENDOR}"));
    efi_text(&fs::read(path).ok()?)
}

/// Waits for the booted disk.
pub(super) fn booted_disk(
    root: &Path,
    plug: &mut Plug,
    log: &Log,
    guard: &mut Guard,
) -> Result<Disk, Failure> {
    let (sys, dev) = (root.join("sys"), root.join("dev"));
    let loader = loader_variable(&sys, "LoaderDevicePartUUID").and_then(|text| Guid::parse(&text));
    let begin = Instant::now();
    let mut alone_since = None;
    loop {
        let looked = look(&sys, &dev);
        let tables: Vec<_> = looked
            .iter()
            .filter_map(|(d, t)| t.clone().ok().map(|t| (d.name.clone(), t)))
            .collect();
        match choose(&tables, loader) {
            Choice::Several(names) => return Err(Failure::SeveralDisks(names.join(", "))),
            Choice::Found(name) => {
                let since = *alone_since.get_or_insert_with(Instant::now);
                if loader.is_some() || since.elapsed() >= QUIET {
                    let disk = looked.iter().find(|(disk, _)| disk.name == name);
                    return Ok(disk.expect("the choice is among those looked at").0.clone());
                }
            }
            Choice::NotYet if begin.elapsed() >= PATIENCE => {
                return Err(Failure::NoDisk {
                    seconds: PATIENCE.as_secs(),
                    seen: describe(&looked, loader),
                });
            }
            Choice::NotYet => alone_since = None,
        }
        let wait = if alone_since.is_some() {
            QUIET
        } else {
            guard.interval()
        };
        plug.listener().wait(wait).map_err(Failure::Listen)?;
        if plug.take_events(root, log, guard) {
            // News about disks: a second one may be on its way.
            alone_since = None;
        }
    }
}

type Looked = (Disk, Result<Table, String>);

fn look(sys: &Path, dev: &Path) -> Vec<Looked> {
    let table = |disk: &Disk| -> Result<Table, String> {
        let copies = disk.copies().map_err(|error| error.to_string())?;
        copies.current().map_err(|error| error.to_string())
    };
    disks(sys, dev)
        .into_iter()
        .map(|disk| (disk.clone(), table(&disk)))
        .collect()
}

fn describe(looked: &[Looked], loader: Option<Guid>) -> String {
    let wanted = match loader {
        Some(guid) => format!("the boot loader came from partition {guid}"),
        None => "the boot loader does not say where it came from, so a disk with partitions boot and root-a is wanted".into(),
    };
    if looked.is_empty() {
        return format!("{wanted}; there is no disk at all");
    }
    let seen = looked.iter().map(|(disk, table)| match table {
        Ok(table) => {
            let names: Vec<_> = table
                .partitions()
                .map(|(_, e)| e.partition_name.as_str().to_owned())
                .collect();
            format!(
                "{} with partitions {}",
                disk.node.display(),
                names.join(", ")
            )
        }
        Err(error) => format!("{} ({error})", disk.node.display()),
    });
    format!(
        "{wanted}; there are {}",
        seen.collect::<Vec<_>>().join("; ")
    )
}
