//! The machine that runs in a folder.

use anyhow::Context;
use machine::{Error, Running, Vm};

/// The machine that runs in `dir`.
pub(super) fn running(dir: &std::path::Path) -> anyhow::Result<Running> {
    let vm = Vm::open(dir)?.ok_or_else(|| Error::NotRunning {
        dir: dir.to_owned(),
    })?;
    let running = vm
        .running()
        .context("cannot find out whether the machine runs")?;
    Ok(running.ok_or_else(|| Error::NotRunning {
        dir: dir.to_owned(),
    })?)
}
