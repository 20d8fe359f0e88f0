//! Who is served first by the booted disk.
//!
//! Cards and disks with one queue for all serve whoever asks most: a pod that writes without end. The kernel's scheduler `bfq`
//! (`Documentation/block/bfq-iosched.rst`) gives each control group its turn by its weight; without it the weights say nothing.
//! An NVMe disk serves many at the same time, and a scheduler would only slow it down.

use std::fs;
use std::path::Path;

const SCHEDULER: &str = "bfq";

/// Lets the groups take turns at `disk`, a name below `/dev`; gives a note when the kernel does not.
pub(crate) fn take_turns(sys: &Path, disk: &str) -> Option<String> {
    if disk.starts_with("nvme") {
        return None;
    }
    let file = sys.join("block").join(disk).join("queue/scheduler");
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    let error = fs::write(&file, SCHEDULER).err()?;
    Some(format!(
        "pods can take the disk from the system: cannot write {SCHEDULER} to {}: {error}",
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::take_turns;
    use std::fs;

    #[test]
    fn disks_with_one_queue_have_a_scheduler() {
        let sys = tempfile::tempdir().expect("folder");
        for disk in ["mmcblk0", "nvme0n1", "sda"] {
            let queue = sys.path().join("block").join(disk).join("queue");
            fs::create_dir_all(&queue).expect("folder");
            fs::write(queue.join("scheduler"), "[none]").expect("written");
            assert_eq!(take_turns(sys.path(), disk), None);
            let scheduler = fs::read_to_string(queue.join("scheduler")).expect("read");
            let expected = if disk == "nvme0n1" { "[none]" } else { "bfq" };
            assert_eq!(scheduler, expected, "{disk}");
        }
        let note = take_turns(sys.path(), "vda").expect("a note");
        assert!(note.contains("/vda/queue/scheduler"), "{note}");
    }
}
