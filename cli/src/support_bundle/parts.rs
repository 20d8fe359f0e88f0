//! What is in a bundle, as data.

use init_api::paths;

/// A part of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Its name in the bundle; of a folder, the folder's.
    pub(super) name: &'static str,
    /// Where it comes from.
    pub(super) from: From,
}

/// Where a part comes from. Paths are those of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// What the program prints, for at most this many seconds.
    Program(&'static [&'static str], u64),
    /// A file.
    File(&'static str),
    /// The files in a folder whose names end so, and those of folders in it.
    Folder(&'static str, &'static [&'static str]),
    /// The names, sizes and times of what is in a folder, down to this depth.
    Listing(&'static str, usize),
    /// The configuration, without its secrets.
    Configuration,
}

const KUBECTL: &str = "/usr/bin/kubectl";
const API_PATIENCE: &str = "--request-timeout=8s";
/// The first one after a boot has to be read from a slow disk, and asks for many lists before its own. An API that is away
/// ends it sooner.
const KUBECTL_S: u64 = 60;
const KUBECONFIG: &str = "--kubeconfig=/run/holdfast/cluster/admin.kubeconfig";

macro_rules! kubectl {
    ($($word:literal),+) => {
        From::Program(&[KUBECTL, KUBECONFIG, API_PATIENCE, $($word),+], KUBECTL_S)
    };
}

const fn program(words: &'static [&'static str]) -> From {
    From::Program(words, 10)
}

const fn part(name: &'static str, from: From) -> Part {
    Part { name, from }
}

/// All of them, the most telling first: what comes last is left out if the time is over or the bundle is full.
pub(super) const PARTS: &[Part] = &[
    part("status.txt", program(&[paths::HOLDFAST, "status"])),
    part(
        "status.json",
        program(&[paths::HOLDFAST, "status", "--json"]),
    ),
    part("release.json", From::File(paths::RELEASE)),
    part("boot-times.txt", program(&[paths::HOLDFAST, "boot-times"])),
    part("config", From::Configuration),
    part(
        "run",
        From::Folder(
            paths::RUN,
            &[
                "boot.json",
                "node.json",
                "configured.json",
                "services.json",
                "install.json",
                "problem.json",
                "config-url.txt",
                "last-resort.txt",
                "trial-waits.txt",
                "engine.json",
                "emulated",
            ],
        ),
    ),
    part(
        "upgrade/status.txt",
        program(&[paths::HOLDFAST, "upgrade", "status"]),
    ),
    part(
        "upgrade/history.txt",
        program(&[paths::HOLDFAST, "upgrade", "history"]),
    ),
    part("upgrade/records", From::Folder(paths::UPGRADE, &[".json"])),
    part(
        "last-boots/unconfirmed-boot.json",
        From::File(paths::UNCONFIRMED_BOOT),
    ),
    part(
        "last-boots/watchdog",
        From::Folder(
            "/sys/class/watchdog/watchdog0",
            &["bootstatus", "identity", "state", "timeout"],
        ),
    ),
    part(
        "last-boots/trial-logs",
        From::Folder(paths::TRIAL_LOGS, &[".log"]),
    ),
    part("last-boots/last-boot.json", From::File(paths::LAST_BOOT)),
    part("last-boots/boot-note.json", From::File(paths::BOOT_NOTE)),
    part(
        "last-boots/kernel-crashes",
        From::Folder(paths::KERNEL_CRASHES, &[".txt"]),
    ),
    part("last-boots/pstore", From::Folder("/sys/fs/pstore", &[""])),
    part(
        "last-boots/state-repairs",
        From::Folder(paths::STATE_REPAIRS, &[".json", ".log"]),
    ),
    part("logs", From::Folder(paths::LOGS, &[".log", ".log.1"])),
    part(
        "logs-kept",
        From::Folder(paths::KEPT_LOGS, &[".log", ".log.1"]),
    ),
    part("kernel/log.txt", program(&["/usr/bin/dmesg"])),
    part("kernel/version", From::File("/proc/version")),
    part("kernel/modules", From::File("/proc/modules")),
    part("disk/space.txt", program(&["/usr/bin/df", "-h"])),
    part("disk/inodes.txt", program(&["/usr/bin/df", "-i"])),
    part(
        "disk/devices.txt",
        program(&[
            "/usr/bin/lsblk",
            "-o",
            "NAME,SIZE,TYPE,FSTYPE,LABEL,PARTLABEL,MOUNTPOINTS,MODEL,SERIAL,LOG-SEC,RO,RM",
        ]),
    ),
    part("disk/mounts", From::File("/proc/self/mounts")),
    part("disk/counters", From::File("/proc/diskstats")),
    part(
        "disk/boot-partition.txt",
        From::Listing(paths::BOOT_MOUNT, 4),
    ),
    part("disk/state.txt", From::Listing(paths::STATE, 5)),
    part("memory/meminfo", From::File("/proc/meminfo")),
    part("memory/pressure", From::Folder("/proc/pressure", &[""])),
    part("memory/load", From::File("/proc/loadavg")),
    part(
        "processes.txt",
        program(&[
            "/usr/bin/ps",
            "-eo",
            "pid,ppid,user,stat,etimes,rss,pcpu,comm",
        ]),
    ),
    part(
        "network/addresses.txt",
        program(&["/usr/bin/ip", "-s", "address"]),
    ),
    part(
        "network/routes.txt",
        program(&["/usr/bin/ip", "route", "show", "table", "all"]),
    ),
    part(
        "network/neighbours.txt",
        program(&["/usr/bin/ip", "neighbour"]),
    ),
    part(
        "network/cards.txt",
        program(&[
            "/usr/bin/nmcli",
            "--terse",
            "--fields",
            "DEVICE,TYPE,STATE,CONNECTION",
            "device",
        ]),
    ),
    part("network/sockets.txt", program(&["/usr/bin/ss", "-tulpn"])),
    part("network/resolv.conf", From::File("/etc/resolv.conf")),
    part(
        "network/time.txt",
        program(&["/usr/bin/chronyc", "-n", "tracking"]),
    ),
    part(
        "network/time-sources.txt",
        program(&["/usr/bin/chronyc", "-n", "sources"]),
    ),
    part(
        "cluster/containers.txt",
        program(&[paths::HOLDFAST, "pods"]),
    ),
    part(
        "cluster/founding.json",
        From::File("/var/lib/holdfast/cluster/founding.json"),
    ),
    part(
        "cluster/kubernetes-minor",
        From::File("/var/lib/holdfast/cluster/kubernetes-minor"),
    ),
    part(
        "cluster/datastore",
        From::Folder("/var/lib/holdfast/cluster/db", &["what.json"]),
    ),
    part("cluster/nodes.yaml", kubectl!("get", "nodes", "-o", "yaml")),
    part(
        "cluster/pods.txt",
        kubectl!("get", "pods", "-A", "-o", "wide"),
    ),
    part(
        "cluster/events.txt",
        kubectl!("get", "events", "-A", "-o", "wide"),
    ),
    part(
        "cluster/workloads.txt",
        kubectl!(
            "get",
            "deployments,daemonsets,statefulsets,jobs,persistentvolumeclaims",
            "-A",
            "-o",
            "wide"
        ),
    ),
    part(
        "cluster/upgrades.yaml",
        kubectl!("get", "upgrades,nodeupgrades", "-o", "yaml"),
    ),
];

#[cfg(test)]
mod tests {
    use super::{From, PARTS};
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_stay_in_the_bundle() {
        let names: BTreeSet<&str> = PARTS.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), PARTS.len());
        for name in names {
            assert!(!name.starts_with('/') && !name.contains(".."), "{name}");
        }
    }

    /// The image's own list of programs, which a test of the image holds to the image.
    #[test]
    fn every_program_is_in_the_image() {
        let list = include_str!("../../../os-config/migrate/src/programs.txt");
        let known: BTreeSet<&str> = list.split_whitespace().collect();
        for part in PARTS {
            if let From::Program(words, _) = part.from {
                let name = words[0].rsplit('/').next().unwrap_or_default();
                assert!(known.contains(name), "{}: {name}", part.name);
            }
        }
    }
}
