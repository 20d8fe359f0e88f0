//! Files in memory, which no end of a process gives back.
//!
//! A volume `emptyDir` with `medium: Memory` is memory of its pod. When all pods together have what they may have, the kernel ends
//! the largest process of those that asked for least. That is enough when a process has it; files stay, and the next process is
//! ended for them, another pod's too. So the pod with most of them is ended as a whole. The kubelet would do that at some MiB that
//! are left, but it looks every ten seconds, sees one moment of a process that the kernel is about to end, and takes whichever pod
//! was larger in another moment (`pkg/kubelet/eviction`): quiet ones were evicted for those that took all.

use super::count::{self, Pod};
use crate::Paths;
use std::fs;

/// The group that all pods are in.
const PODS: &str = "/sys/fs/cgroup/kubepods";
/// Of what pods may have, in percent: with less in files, ending a process gives enough back.
const MUCH: u64 = 50;

/// How often pods were refused memory, as it was last looked at.
#[derive(Debug, Default)]
pub(super) struct MemoryFiles {
    refused: Option<u64>,
}

impl MemoryFiles {
    /// The pod that has to be ended so that others get memory again, and how many bytes of files it has.
    pub(super) fn look(&mut self, paths: &Paths) -> Option<(Pod, u64)> {
        let group = paths.at(PODS);
        let refused = count::count(&group.join("memory.events.local"), "oom ");
        let before = self.refused.replace(refused)?;
        if refused <= before {
            return None;
        }
        let most = fs::read_to_string(group.join("memory.max")).ok()?;
        let most = most.trim().parse().ok()?;
        let files = count::groups(paths).into_iter();
        let files = files.map(|(pod, _, group)| {
            let bytes = count::count(&group.join("memory.stat"), "shmem ");
            (pod, bytes)
        });
        hog(files.collect(), most)
    }
}

fn hog(files: Vec<(Pod, u64)>, most: u64) -> Option<(Pod, u64)> {
    let all = files
        .iter()
        .fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    let is_much = all.saturating_mul(100) >= most.saturating_mul(MUCH);
    let largest = files.into_iter().max_by_key(|(_, bytes)| *bytes);
    largest.filter(|(_, bytes)| is_much && *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::{MemoryFiles, PODS};
    use crate::Paths;
    use std::fs;

    #[test]
    fn the_pod_with_most_files_is_ended_when_pods_are_refused_memory() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let mut memory = MemoryFiles::default();
        // Bytes of files of two pods, of 1000 that all may have.
        let mut look = |refused: u64, a: u64, b: u64| {
            for (uid, bytes) in [("1", a), ("2", b)] {
                let group = paths.at(PODS).join(format!("besteffort/pod{uid}"));
                let log = paths.at(&format!("/var/log/pods/n_p{uid}_{uid}/c"));
                for folder in [&group, &log] {
                    fs::create_dir_all(folder).expect("folder");
                }
                let stat = format!("anon 900\nshmem {bytes}\n");
                fs::write(group.join("memory.stat"), stat).expect("written");
            }
            let all = paths.at(PODS);
            let events = format!("max 7\noom {refused}\noom_kill 0\n");
            fs::write(all.join("memory.events.local"), events).expect("written");
            fs::write(all.join("memory.max"), "1000\n").expect("written");
            let hog = memory.look(&paths);
            hog.map(|(pod, bytes)| (pod.to_string(), bytes))
        };
        assert_eq!(look(4, 600, 100), None, "of before the first look");
        assert_eq!(look(4, 600, 100), None, "nobody was refused any");
        assert_eq!(look(5, 600, 100), Some(("n/p1".to_owned(), 600)));
        assert_eq!(look(6, 200, 400), Some(("n/p2".to_owned(), 400)));
        assert_eq!(look(7, 200, 200), None, "a process has it");
    }
}
