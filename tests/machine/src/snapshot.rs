//! A machine frozen with its memory, from which others start in seconds.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::names;
use crate::{Cache, Disk, Error, Qemu, Qmp, Result, Running, Spec, Vm};

/// The file with memory and devices.
const MEMORY: &str = "memory.state";

/// Disk, UEFI variables, ssh key and memory of a machine at one moment; none of it is written again.
#[derive(Debug, Clone)]
pub struct Snapshot {
    dir: PathBuf,
    spec: Spec,
}

impl Snapshot {
    /// Freezes `running`, which ends; its folder becomes the snapshot's.
    ///
    /// # Errors
    /// When QEMU cannot save the machine.
    pub fn take(running: Running) -> Result<Self> {
        let vm = running.vm().clone();
        let mut qmp = running.qmp()?;
        qmp.execute("stop", None)?;
        migrate(&mut qmp, "migrate", &vm.dir().join(MEMORY))?;
        // QEMU talks to one client at a time, and quitting is another's word.
        drop(qmp);
        running.quit()?;
        Ok(Self {
            dir: vm.dir().to_owned(),
            spec: vm.spec().clone(),
        })
    }

    /// Starts a machine in the new folder `dir` that goes on where the snapshot was taken, its disk cached by the host as
    /// `cache` says.
    ///
    /// # Errors
    /// When the folder cannot be made or QEMU cannot load the state.
    pub fn resume(&self, dir: &Path, name: &str, cache: Cache, qemu: &Qemu) -> Result<Running> {
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        for file in names::KEPT {
            let to = dir.join(file);
            fs::copy(self.dir.join(file), &to).map_err(Error::file("copy the snapshot to", &to))?;
        }
        Disk::create(
            &dir.join(names::DISK),
            &self.dir.join(names::DISK),
            "qcow2",
            None,
        )?;
        let spec = Spec {
            cache,
            ..self.spec.clone()
        };
        let vm = Vm::adopt(dir, spec)?;
        let running = vm.start_with(name, qemu, &["-incoming", "defer"])?;
        let mut qmp = running.qmp()?;
        migrate(&mut qmp, "migrate-incoming", &self.dir.join(MEMORY))?;
        qmp.execute("cont", None)?;
        Ok(running)
    }
}

/// Saves memory to `file` or loads it from there, and waits for the end.
fn migrate(qmp: &mut Qmp, command: &str, file: &Path) -> Result<()> {
    let events = json!({ "capabilities": [{ "capability": "events", "state": true }] });
    qmp.execute("migrate-set-capabilities", Some(events))?;
    qmp.execute(
        "migrate-set-parameters",
        Some(json!({ "max-bandwidth": 1u64 << 40 })),
    )?;
    qmp.execute(
        command,
        Some(json!({ "uri": format!("file:{}", file.display()) })),
    )?;
    let mut failed = false;
    qmp.wait_for_event(|name, data| {
        let status = data
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        failed = status == "failed";
        name == "MIGRATION" && matches!(status, "completed" | "failed")
    })?;
    if failed {
        let reason = qmp.execute("query-migrate", None)?["error-desc"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned();
        return Err(Error::Qmp {
            command: command.to_owned(),
            reason,
        });
    }
    Ok(())
}
