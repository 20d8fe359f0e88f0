//! Kernel modules and parameters.

use crate::facts::Facts;
use crate::step::{OnFailure, Step};
use os_config::Config;
use std::collections::BTreeMap;

/// What a node is better off with, besides what the cluster needs ([`runtime::SYSCTLS`]).
const SYSCTLS: &[(&str, &str)] = &[
    // The kernel keeps a share of all memory free of what could lie elsewhere, for devices that reach the first 16 MiB alone: 8 MB of
    // 2 GiB. A PC that boots this system has none of those. On ARM64 that zone is a gigabyte, and devices need it.
    #[cfg(target_arch = "x86_64")]
    ("vm.lowmem_reserve_ratio", "0"),
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

/// What the kernel keeps free for those who cannot wait, in KiB. With huge pages, even those that are asked for alone, it would be
/// 45 MB and more of a 2 GiB machine (`set_recommended_min_free_kbytes` in mm/khugepaged.c), and twice as much counts as not available.
/// This is what it keeps without them (`calculate_min_free_kbytes` in mm/page_alloc.c), unless the machine's drivers want more.
fn min_free_kbytes(memory: u64, wanted: Option<u64>) -> u64 {
    let by_size = ((memory >> 10) * 16).isqrt().max(4096);
    wanted.map_or(by_size, |wanted| wanted.max(by_size))
}

/// The user's values win over the cluster's, but for those that the kubelet demands, and the cluster's over ours. The user's
/// come last: some of ours change others, as `net.ipv4.ip_forward` does with all of `net.ipv4.conf`.
pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
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
    let min_free = min_free_kbytes(facts.memory, facts.kept_free_kib).to_string();
    let mut values: BTreeMap<&str, &str> = SYSCTLS.iter().copied().collect();
    values.insert("vm.min_free_kbytes", &min_free);
    values.extend(runtime::SYSCTLS.iter().copied());
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for (key, value) in &config.sysctls {
        let demanded = DEMANDED.contains(&key.as_str().replace('/', ".").as_str());
        if !demanded {
            values.remove(key.as_str());
            wanted.push((key.as_str(), value.as_str()));
        } else if values.get(key.as_str()) != Some(&value.as_str()) {
            steps.push(Step::LeaveOut(format!(
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

#[cfg(test)]
mod tests {
    use super::min_free_kbytes;

    #[test]
    fn a_larger_machine_keeps_more_free() {
        for (mib, wanted, kbytes) in [
            (0, None, 4096),
            (512, None, 4096),
            (2048, None, 5792),
            (8192, None, 11_585),
            (1024, Some(16_384), 16_384),
            (32_768, Some(16_384), 23_170),
        ] {
            assert_eq!(min_free_kbytes(mib << 20, wanted), kbytes, "{mib} MiB");
        }
    }
}
