//! Time zone and time servers.

use super::heading::MADE;
use crate::step::Step;
use os_config::Config;
use std::path::PathBuf;

/// Whom time servers may have their certificates from, besides Mozilla's authorities. chronyd reads it when it asks, as `_chrony`.
pub(super) const AUTHORITIES: &str = "/etc/chrony/authorities.pem";
pub(super) const SETTINGS: &str = "/etc/chrony/chrony.conf";

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
        match &config.time.ca {
            Some(ca) => Step::file(AUTHORITIES, 0o644, ca.reveal()),
            None => Step::Remove {
                path: AUTHORITIES.into(),
            },
        },
        Step::file(SETTINGS, 0o644, chrony(config)),
    ];
    if zone != "UTC" {
        steps.push(known);
    }
    steps
}

fn chrony(config: &Config) -> String {
    let time = &config.time;
    let mut text = MADE.to_owned();
    let option = if time.nts { " nts" } else { "" };
    for server in config.ntp_servers.as_slice() {
        text.push_str(&format!("server {server} iburst{option}\n"));
    }
    if time.nts {
        // A machine without a clock begins in the past, where a certificate may not have begun: until the clock was set once, the times
        // in certificates are not looked at.
        text.push_str("authselectmode require\nnocerttimecheck 1\n");
        text.push_str(&match time.ca {
            // Who has a cookie is believed without its certificate being looked at again: cookies of servers that `ca` vouched for
            // would outlast it.
            Some(_) => format!("ntstrustedcerts {AUTHORITIES}\n"),
            // They outlast a restart, so that servers are not asked for new ones each time.
            None => "ntsdumpdir /var/lib/chrony\n".to_owned(),
        });
    }
    if time.min_sources > 1 {
        text.push_str(&format!("minsources {}\n", time.min_sources));
    }
    // Whenever the clock is more than ten seconds off it is set at once: a machine that slept is right within minutes, and
    // the keeper starts Kubernetes anew where a jump needs that. Less is slewed, which takes two minutes at most.
    text.push_str("makestep 10 -1\nrtcsync\ndriftfile /var/lib/chrony/chrony.drift\ncmdport 0\n");
    text
}
