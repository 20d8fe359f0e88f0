//! Kernel modules and parameters.

use crate::step::{OnFailure, Step};
use os_config::Config;
use std::collections::BTreeMap;

/// What a node is better off with, besides what the cluster needs ([`runtime::SYSCTLS`]).
const SYSCTLS: [(&str, &str); 6] = [
    ("net.core.somaxconn", "4096"),
    ("vm.max_map_count", "262144"),
    // Nobody but root learns kernel addresses.
    ("kernel.dmesg_restrict", "1"),
    ("kernel.kptr_restrict", "1"),
    ("net.ipv4.conf.all.accept_redirects", "0"),
    ("net.ipv6.conf.all.accept_redirects", "0"),
];

/// The user's values win over the cluster's, and those over ours.
pub(super) fn steps(config: &Config) -> Vec<Step> {
    let mut names: Vec<String> = runtime::MODULES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    for name in &config.modules {
        if !names.iter().any(|known| known == name.as_str()) {
            names.push(name.to_string());
        }
    }
    let mut steps = vec![Step::LoadModules {
        names,
        on_failure: OnFailure::Report,
    }];
    let mut values: BTreeMap<&str, &str> = SYSCTLS.into_iter().collect();
    values.extend(runtime::SYSCTLS.iter().copied());
    values.extend(
        config
            .sysctls
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    );
    let set = |(key, value): (&str, &str)| Step::Sysctl {
        key: key.to_owned(),
        value: value.to_owned(),
        on_failure: OnFailure::Report,
    };
    steps.extend(values.into_iter().map(set));
    steps
}
