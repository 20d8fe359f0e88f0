//! What there is of memory for all pods together at the moment.

use crate::Paths;
use std::fs;
use std::path::Path;

/// The group that all pods are in, with their limit.
pub(super) const PODS: &str = "/sys/fs/cgroup/kubepods";
const MEMINFO: &str = "/proc/meminfo";
/// In KiB: what the kernel keeps free.
const KEPT_FREE: &str = "/proc/sys/vm/min_free_kbytes";
/// Of the group of all services.
pub(super) const SYSTEM_STAT: &str = "/sys/fs/cgroup/system/memory.stat";
/// The kernel begins to look for memory above what it keeps free (`high` in `/proc/zoneinfo`).
const WATERMARKS: u64 = 2;
/// What is found now may be gone a moment later.
const MARGIN: u64 = 64 << 20;

/// What pods have, what nobody has, and files of the system's that nobody has read twice, in bytes. The rest is the system's, and the
/// kernel's own tables, which no group is charged for. Nothing where the kernel does not say.
pub(super) fn for_pods(paths: &Paths) -> Option<u64> {
    let pods = number(&paths.at(PODS).join("memory.current"))?;
    let free = of(&paths.at(MEMINFO), "MemFree:")? << 10;
    let unread = of(&paths.at(SYSTEM_STAT), "inactive_file")?;
    let kept = number(&paths.at(KEPT_FREE))? << 10;
    Some((pods + free + unread).saturating_sub(kept * WATERMARKS + MARGIN))
}

/// The only number in a file; nothing for `max`.
pub(super) fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The number behind a name, in a file with a line for each.
fn of(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::for_pods;
    use crate::Paths;
    use std::fs;

    #[test]
    fn what_pods_have_and_what_is_free() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let files = [
            ("/sys/fs/cgroup/kubepods/memory.current", "314572800\n"),
            (
                "/proc/meminfo",
                "MemTotal:  2014840 kB\nMemFree:  204800 kB\nMemAvailable: 1 kB\n",
            ),
            (
                "/sys/fs/cgroup/system/memory.stat",
                "anon 5\ninactive_file 52428800\nactive_file 7\n",
            ),
            ("/proc/sys/vm/min_free_kbytes", "8192\n"),
        ];
        for (file, text) in files {
            assert_eq!(for_pods(&paths), None, "without {file}");
            let file = paths.at(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("folder");
            fs::write(file, text).expect("written");
        }
        let mib = for_pods(&paths).map(|bytes| bytes >> 20);
        assert_eq!(mib, Some(300 + 200 + 50 - 16 - 64));
    }
}
