//! Telling running services that their files changed.

use crate::network_manager::{self, Change};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::time::Duration;

/// The system's bus.
pub const BUS: &str = "unix:path=/run/dbus/system_bus_socket";
/// How long network cards have until their addresses are there.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that read its files when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// sshd reads its settings again; sessions go on.
    Ssh,
    /// chronyd ends and PID 1 starts it anew.
    Time,
    /// NetworkManager reads its profiles and brings the interfaces in line that these are for.
    Network(Change),
}

/// Does it on this machine.
///
/// # Errors
/// When the service is not there or its tool fails.
pub(crate) fn reload(what: &Reload) -> io::Result<()> {
    match what {
        Reload::Ssh => signal("/run/sshd.pid", Signal::HUP),
        Reload::Time => signal("/run/chrony/chronyd.pid", Signal::TERM),
        Reload::Network(change) => network_manager::bring_in_line(change, BUS, PATIENCE),
    }
}

fn signal(pid_file: &str, signal: Signal) -> io::Result<()> {
    let text = fs::read_to_string(pid_file)
        .map_err(|error| io::Error::new(error.kind(), format!("{pid_file}: {error}")))?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other(format!("{pid_file} holds no process id")))?;
    kill_process(pid, signal).map_err(io::Error::from)
}
