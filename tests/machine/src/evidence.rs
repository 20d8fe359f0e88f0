//! What is kept of a machine on which something went wrong.

use std::fs;
use std::path::Path;

use crate::names;
use crate::{Error, Result, Vm};

/// The guest's logs are worth a minute, not more.
const LOGS: &str = "timeout 60 tar -C /run/log -cf - holdfast";

/// Copies the machine's console, QEMU's log, the guest's service logs (when ssh still lets us in) and its disk to the
/// new folder `to`, replacing an older one. A part that cannot be had is named in the file `missing.txt`.
///
/// # Errors
/// When the folder cannot be made.
pub fn keep(vm: &Vm, to: &Path) -> Result<()> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("remove", to)(error));
        }
        _ => {}
    }
    fs::create_dir_all(to).map_err(Error::file("make", to))?;
    let mut missing = Vec::new();
    if let Err(error) = service_logs(vm, to) {
        missing.push(format!("logs.tar: {error}"));
    }
    let tpm = vm.spec().tpm.then_some(names::TPM_LOG);
    let files = [names::CONSOLE, names::QEMU_LOG, names::VARS, names::DISK];
    // The disk of a running machine changes while it is copied; what is on it matters less than that it is there.
    for name in files.into_iter().chain(tpm) {
        if let Err(error) = fs::copy(vm.dir().join(name), to.join(name)) {
            missing.push(format!("{name}: {error}"));
        }
    }
    let note = to.join("missing.txt");
    if missing.is_empty() {
        return Ok(());
    }
    fs::write(&note, missing.join("\n") + "\n").map_err(Error::file("write", &note))
}

fn service_logs(vm: &Vm, to: &Path) -> Result<()> {
    let running = vm.running()?.ok_or_else(|| Error::NotRunning {
        dir: vm.dir().to_owned(),
    })?;
    let tar = running.ssh()?.try_run(LOGS)?;
    let file = to.join("logs.tar");
    fs::write(&file, &tar.stdout).map_err(Error::file("write", &file))?;
    if tar.status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        command: LOGS.to_owned(),
        status: tar.status.to_string(),
        stderr: String::from_utf8_lossy(&tar.stderr).trim().to_owned(),
    })
}
