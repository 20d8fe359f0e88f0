//! Who the machine is: host name and `/etc/hosts`.

use super::heading::MADE;
use crate::facts::Facts;
use crate::step::Step;
use os_config::Config;

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let name = hostname(config, facts);
    let short = name.split('.').next().unwrap_or(&name);
    let names = if short == name {
        name.clone()
    } else {
        format!("{name} {short}")
    };
    let hosts = format!(
        "{MADE}127.0.0.1 localhost\n127.0.1.1 {names}\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    );
    vec![
        Step::file("/etc/hostname", 0o644, format!("{name}\n")),
        Step::file("/etc/hosts", 0o644, hosts),
        Step::SetHostname(name),
    ]
}

/// The configured name, else one made from the machine id as PID 1 does: it must be the same at every boot, since the node is known by it.
pub(crate) fn hostname(config: &Config, facts: &Facts) -> String {
    match &config.hostname {
        Some(name) => name.to_string(),
        None => format!("holdfast-{}", facts.machine_id.get(..6).unwrap_or("node")),
    }
}
