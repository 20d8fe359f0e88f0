//! `holdfast reboot`, `holdfast poweroff`.

use crate::client::connect;
use init_api::Request;
use std::process::ExitCode;

pub(crate) fn reboot() -> anyhow::Result<ExitCode> {
    connect()?.ask(&Request::Reboot)?;
    println!("restarting");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn poweroff() -> anyhow::Result<ExitCode> {
    connect()?.ask(&Request::PowerOff)?;
    println!("shutting down");
    Ok(ExitCode::SUCCESS)
}
