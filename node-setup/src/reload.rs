//! Telling running services that their files changed.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::process::Command;

/// A service that read its files when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// sshd reads its settings again; sessions go on.
    Ssh,
    /// chronyd ends and PID 1 starts it anew.
    Time,
    /// NetworkManager reads its profiles and brings each interface in line.
    Network,
}

/// Does it on this machine.
///
/// # Errors
/// When the service is not there or its tool fails.
pub(crate) fn reload(what: Reload) -> io::Result<()> {
    match what {
        Reload::Ssh => signal("/run/sshd.pid", Signal::HUP),
        Reload::Time => signal("/run/chrony/chronyd.pid", Signal::TERM),
        Reload::Network => network(),
    }
}

fn signal(pid_file: &str, signal: Signal) -> io::Result<()> {
    let text = fs::read_to_string(pid_file)
        .map_err(|error| io::Error::new(error.kind(), format!("{pid_file}: {error}")))?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other(format!("{pid_file} holds no process id")))?;
    kill_process(pid, signal).map_err(io::Error::from)
}

fn network() -> io::Result<()> {
    nmcli(&["connection", "reload"])?;
    let devices = nmcli(&[
        "--terse",
        "--fields",
        "DEVICE,TYPE,STATE",
        "device",
        "status",
    ])?;
    let mut failed = Vec::new();
    for device in managed(&devices) {
        // Asked without a profile, NetworkManager takes the best one of those it has just read.
        if let Err(error) = nmcli(&["--wait", "30", "device", "connect", device]) {
            failed.push(error.to_string());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(io::Error::other(failed.join("; ")))
    }
}

/// Interfaces that NetworkManager looks after and that have a cable or a radio network.
fn managed(status: &str) -> impl Iterator<Item = &str> {
    status.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (device, kind, state) = (fields.next()?, fields.next()?, fields.next()?);
        let ours =
            matches!(kind, "ethernet" | "wifi") && !matches!(state, "unmanaged" | "unavailable");
        ours.then_some(device)
    })
}

fn nmcli(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("nmcli").args(arguments).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(format!(
        "`nmcli {}` ended with {}: {}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::managed;

    #[test]
    fn only_what_is_managed_and_there() {
        let status = "eth0:ethernet:connected\nwlan0:wifi:disconnected\neth1:ethernet:unavailable\nlo:loopback:connected (externally)\ncni0:bridge:unmanaged\n";
        assert_eq!(managed(status).collect::<Vec<_>>(), ["eth0", "wlan0"]);
    }
}
