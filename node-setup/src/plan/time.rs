//! Time zone and time servers.

use super::heading::MADE;
use crate::step::Step;
use os_config::Config;
use std::path::PathBuf;

pub(super) fn steps(config: &Config) -> Vec<Step> {
    let zone = config.timezone.as_str();
    let file = PathBuf::from(format!("/usr/share/zoneinfo/{zone}"));
    let known = Step::Expect {
        path: file.clone(),
        otherwise: format!("timezone: this image does not know {zone}; the time is UTC"),
    };
    let mut steps = vec![
        Step::Link {
            path: "/etc/localtime".into(),
            target: file,
        },
        Step::file("/etc/timezone", 0o644, format!("{zone}\n")),
        Step::file("/etc/chrony/chrony.conf", 0o644, chrony(config)),
    ];
    if zone != "UTC" {
        steps.push(known);
    }
    steps
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
