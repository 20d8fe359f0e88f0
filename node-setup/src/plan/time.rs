//! Time zone and time servers.

use super::MADE;
use crate::step::Step;
use os_config::Config;

pub(super) fn steps(config: &Config) -> Vec<Step> {
    let zone = config.timezone.as_str();
    vec![
        Step::Link {
            path: "/etc/localtime".into(),
            target: format!("/usr/share/zoneinfo/{zone}").into(),
        },
        Step::file("/etc/timezone", 0o644, format!("{zone}\n")),
        Step::file("/etc/chrony/chrony.conf", 0o644, chrony(config)),
    ]
}

fn chrony(config: &Config) -> String {
    let mut text = MADE.to_owned();
    for server in config.ntp_servers.as_slice() {
        text.push_str(&format!("server {server} iburst\n"));
    }
    // The first three measurements may step the clock, however long the node was without a network before; later ones slew
    // it, since a running cluster takes a jump badly.
    text.push_str("makestep 1 3\nrtcsync\ndriftfile /var/lib/chrony/chrony.drift\ncmdport 0\n");
    text
}
