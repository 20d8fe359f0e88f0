//! Telling running services that their files changed.

use crate::machine::as_io;
use host::Command;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;

/// A service that read its files when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// sshd reads its settings again; sessions go on.
    Ssh,
    /// chronyd ends and PID 1 starts it anew.
    Time,
    /// NetworkManager reads its profiles and brings the interfaces in line that these are for.
    Network {
        /// Names of the profiles that changed, came or went.
        profiles: Vec<String>,
    },
}

/// Does it on this machine.
///
/// # Errors
/// When the service is not there or its tool fails.
pub(crate) fn reload(what: &Reload) -> io::Result<()> {
    match what {
        Reload::Ssh => signal("/run/sshd.pid", Signal::HUP),
        Reload::Time => signal("/run/chrony/chronyd.pid", Signal::TERM),
        Reload::Network { profiles } => network(profiles),
    }
}

fn signal(pid_file: &str, signal: Signal) -> io::Result<()> {
    let text = fs::read_to_string(pid_file)
        .map_err(|error| io::Error::new(error.kind(), format!("{pid_file}: {error}")))?;
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other(format!("{pid_file} holds no process id")))?;
    kill_process(pid, signal).map_err(io::Error::from)
}

fn network(profiles: &[String]) -> io::Result<()> {
    nmcli(&["connection", "reload"])?;
    let devices = nmcli(&[
        "--terse",
        "--fields",
        "DEVICE,TYPE,STATE,CONNECTION",
        "device",
        "status",
    ])?;
    let mut failed = Vec::new();
    for device in affected(&devices, profiles) {
        // Asked without a profile, NetworkManager takes the best one of those it has just read. No lease within this time is
        // no failure of ours to wait for: NetworkManager goes on asking.
        if let Err(error) = nmcli(&["--wait", "10", "device", "connect", device]) {
            failed.push(error.to_string());
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(io::Error::other(failed.join("; ")))
    }
}

/// Interfaces that NetworkManager looks after, that have a cable or a radio network, and whose profile it may have been. The
/// others keep their addresses without a gap.
fn affected<'a>(status: &'a str, profiles: &[String]) -> Vec<&'a str> {
    let device = |line: &'a str| {
        let mut fields = line.splitn(4, ':');
        let (device, kind, state, current) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        let ours =
            matches!(kind, "ethernet" | "wifi") && !matches!(state, "unmanaged" | "unavailable");
        let touched = profiles
            .iter()
            .any(|profile| profile == current || is_for(profile, device, kind));
        (ours && touched).then_some(device)
    };
    status.lines().filter_map(device).collect()
}

/// Whether a profile that is not in use might be for a device: by its name, by a hardware address, or as one for any radio.
fn is_for(profile: &str, device: &str, kind: &str) -> bool {
    let Some(name) = profile.strip_prefix("holdfast-") else {
        return false;
    };
    let address = name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit());
    name == device
        || (address && kind == "ethernet")
        || (name.starts_with("wifi-") && kind == "wifi")
}

fn nmcli(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("nmcli").args(arguments).run().map_err(as_io)?;
    Ok(output.text())
}

#[cfg(test)]
mod tests {
    use super::affected;

    #[test]
    fn only_what_may_have_changed() {
        let status = "eth0:ethernet:connected:holdfast-eth0\neth1:ethernet:connected:holdfast-default\nwlan0:wifi:disconnected:\n\
            eth2:ethernet:unavailable:\nlo:loopback:connected (externally):lo\ncni0:bridge:unmanaged:\n";
        let cases: [(&[&str], &[&str]); 6] = [
            (&["holdfast-eth0"], &["eth0"]),
            (&["holdfast-eth1"], &["eth1"]),
            (&["holdfast-default"], &["eth1"]),
            (&["holdfast-525400123456"], &["eth0", "eth1"]),
            (&["holdfast-wifi-0"], &["wlan0"]),
            (&["holdfast-eth9"], &[]),
        ];
        for (profiles, expected) in cases {
            let profiles: Vec<String> = profiles.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(affected(status, &profiles), expected, "{profiles:?}");
        }
    }
}
