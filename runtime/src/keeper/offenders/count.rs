//! What the kernel has counted of each pod, and which pod a group belongs to: all of it from files of this machine, so that it
//! is known too when nobody answers for the cluster.

use crate::Paths;
use k8s_openapi::api::core::v1;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the kubelet puts the groups of pods, each named `pod` and its uid.
const PODS: [&str; 3] = [
    "/sys/fs/cgroup/kubepods",
    "/sys/fs/cgroup/kubepods/besteffort",
    "/sys/fs/cgroup/kubepods/burstable",
];
/// A folder for each pod, `NAMESPACE_NAME_UID`.
const LOGS: &str = "/var/log/pods";

/// A pod of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pod {
    pub(super) namespace: String,
    pub(super) name: String,
    /// As the kubelet names its groups and folders.
    pub(super) uid: String,
}

impl Pod {
    /// As its folders name it. A file of the kubelet's own has another uid there.
    pub(super) fn of(pod: &v1::Pod) -> Option<Self> {
        Some(Self {
            namespace: pod.metadata.namespace.clone()?,
            name: pod.metadata.name.clone()?,
            uid: pod.metadata.uid.clone()?,
        })
    }

    /// Where its logs are.
    pub(super) fn logs(&self, paths: &Paths) -> PathBuf {
        let Self {
            namespace,
            name,
            uid,
        } = self;
        paths.at(LOGS).join(format!("{namespace}_{name}_{uid}"))
    }
}

impl fmt::Display for Pod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What one pod has done since it began. Only what a pod can do to others is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Processes that the kernel has killed for want of memory.
    pub(super) killed: u64,
    /// Processes that were refused, because the pod had as many as it may.
    pub(super) refused: u64,
    /// Bytes read from disks and written to them.
    pub(super) bytes: u64,
    /// Reads and writes of disks: small ones that are waited for take a slow card's time with few bytes.
    pub(super) operations: u64,
    /// The files of its logs by their inodes, each with its length. Those that were rotated are among them, until they are packed
    /// or removed.
    pub(super) logs: BTreeMap<u64, u64>,
}

impl Counts {
    /// Bytes that were logged since `before`; at least so many.
    pub(super) fn logged_since(&self, before: &Self) -> u64 {
        let grown = self.logs.iter().map(|(inode, length)| {
            length.saturating_sub(before.logs.get(inode).copied().unwrap_or_default())
        });
        grown.fold(0, u64::saturating_add)
    }
}

/// All pods of this machine as they stand now.
pub(super) fn counts(paths: &Paths) -> BTreeMap<Pod, Counts> {
    let pods = pods(paths);
    let mut all = BTreeMap::new();
    for folder in PODS {
        let groups = fs::read_dir(paths.at(folder)).into_iter().flatten();
        for group in groups.flatten() {
            let file = group.file_name();
            let uid = file.to_str().and_then(|name| name.strip_prefix("pod"));
            let Some((pod, log)) = uid.and_then(|uid| pods.get(uid)) else {
                continue;
            };
            let group = group.path();
            let disks = fs::read_to_string(group.join("io.stat")).unwrap_or_default();
            let counts = Counts {
                killed: count(&group.join("memory.events"), "oom_kill "),
                refused: count(&group.join("pids.events"), "max "),
                bytes: sum(&disks, ["rbytes=", "wbytes="]),
                operations: sum(&disks, ["rios=", "wios="]),
                logs: logs(log),
            };
            all.insert(pod.clone(), counts);
        }
    }
    all
}

/// Each pod and the folder of its logs, by its uid.
pub(super) fn pods(paths: &Paths) -> BTreeMap<String, (Pod, PathBuf)> {
    let folders = fs::read_dir(paths.at(LOGS)).into_iter().flatten().flatten();
    let named = folders.filter_map(|folder| {
        let file = folder.file_name().into_string().ok()?;
        let (name, uid) = file.rsplit_once('_')?;
        let (namespace, name) = name.split_once('_')?;
        let pod = Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
        };
        Some((uid.to_owned(), (pod, folder.path())))
    });
    named.collect()
}

/// The number behind a word at the beginning of a line. A pod that has gone meanwhile has done nothing.
fn count(file: &Path, word: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let number = text.lines().find_map(|line| line.strip_prefix(word));
    number
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

/// The numbers behind any of the words: `8:0 rbytes=1 wbytes=2 rios=3 …`, a line for each disk.
fn sum(disks: &str, words: [&str; 2]) -> u64 {
    let numbers = disks.split_whitespace().filter_map(|it| {
        let number = words.iter().find_map(|word| it.strip_prefix(word))?;
        number.parse::<u64>().ok()
    });
    numbers.fold(0, u64::saturating_add)
}

/// The files in a pod's folders, one for each container.
fn logs(folder: &Path) -> BTreeMap<u64, u64> {
    let containers = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = containers.flat_map(|container| {
        fs::read_dir(container.path())
            .into_iter()
            .flatten()
            .flatten()
    });
    let written = files.filter(|file| {
        let name = file.file_name();
        // A copy that was made of another one.
        let is_packed = |ending| name.as_encoded_bytes().ends_with(ending);
        !is_packed(b".gz") && !is_packed(b".tmp")
    });
    written
        .filter_map(|file| file.metadata().ok())
        .map(|file| (file.ino(), file.len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Counts, counts};
    use crate::Paths;
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    #[test]
    fn a_pod_is_known_by_its_uid() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let group = paths.at("/sys/fs/cgroup/kubepods/besteffort/pod12-3");
        let log = paths.at("/var/log/pods/default_my-pod_12-3/shell");
        for folder in [&group, &log, &paths.at("/sys/fs/cgroup/kubepods/podnobody")] {
            fs::create_dir_all(folder).expect("folder");
        }
        let write = |path: PathBuf, text: &str| fs::write(path, text).expect("written");
        write(
            group.join("memory.events"),
            "low 0\noom 3\noom_kill 2\noom_group_kill 9\n",
        );
        write(group.join("pids.events"), "max 41\n");
        write(
            group.join("io.stat"),
            "254:0 rbytes=9 wbytes=100 rios=1 wios=5 dbytes=7 dios=1\n8:0 wbytes=11 wios=2\n",
        );
        write(log.join("0.log"), "12345");
        write(log.join("0.log.20261128-104511.gz"), "1234567");
        let inode = fs::metadata(log.join("0.log")).expect("made").ino();
        let expected = Counts {
            killed: 2,
            refused: 41,
            bytes: 120,
            operations: 8,
            logs: BTreeMap::from([(inode, 5)]),
        };
        let found = counts(&paths).into_iter();
        let found: Vec<_> = found
            .map(|(pod, counts)| (pod.to_string(), pod.uid, counts))
            .collect();
        assert_eq!(
            found,
            [("default/my-pod".to_owned(), "12-3".to_owned(), expected)]
        );
    }
}
