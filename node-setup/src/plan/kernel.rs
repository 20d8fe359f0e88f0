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

/// The kubelet, told never to change them, refuses to run with other values than the cluster's.
const DEMANDED: [&str; 6] = [
    "kernel.keys.root_maxbytes",
    "kernel.keys.root_maxkeys",
    "kernel.panic",
    "kernel.panic_on_oops",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
];

/// The user's values win over the cluster's, but for those that the kubelet demands, and the cluster's over ours. The user's
/// come last: some of ours change others, as `net.ipv4.ip_forward` does with all of `net.ipv4.conf`.
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
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for (key, value) in &config.sysctls {
        let demanded = DEMANDED.contains(&key.as_str().replace('/', ".").as_str());
        if !demanded {
            values.remove(key.as_str());
            wanted.push((key.as_str(), value.as_str()));
        } else if values.get(key.as_str()) != Some(&value.as_str()) {
            steps.push(Step::Warn(format!(
                "sysctls: {key} stays as the kubelet demands it; it would not start with another value"
            )));
        }
    }
    let set = |(key, value): (&str, &str)| Step::Sysctl {
        key: key.to_owned(),
        value: value.to_owned(),
        on_failure: OnFailure::Report,
    };
    steps.extend(values.into_iter().chain(wanted).map(set));
    steps
}
