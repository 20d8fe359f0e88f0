//! Control groups: one for PID 1, one for each service, all controllers passed on.

use super::protection;
use init_api::{Group, ServiceName};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The tree of control groups.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    root: PathBuf,
}

impl Groups {
    /// The tree mounted at `root`, usually `/sys/fs/cgroup`.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.into() }
    }

    /// Makes the groups that everything lies in, moves PID 1 into its own, and keeps for the system what pods must not take;
    /// gives notes about what of that the kernel refuses.
    ///
    /// # Errors
    /// A group cannot be made or entered.
    pub(crate) fn prepare(&self, machine: protection::Machine) -> io::Result<Vec<String>> {
        let own = self.root.join("init");
        fs::create_dir_all(&own)?;
        set(own.join("cgroup.procs"), "1")?;
        pass_controllers_on(&self.root)?;
        let system = self.root.join("system");
        fs::create_dir_all(&system)?;
        pass_controllers_on(&system)?;
        Ok(self.protect(&protection::plan(machine)))
    }

    fn protect(&self, settings: &[protection::Setting]) -> Vec<String> {
        let write = |setting: &protection::Setting| {
            let path = self.root.join(setting.group).join(setting.file);
            if setting.optional && !path.exists() {
                return None;
            }
            let error = set(&path, &setting.value).err()?;
            let (path, value) = (path.display(), &setting.value);
            Some(format!(
                "pods can take from the system what is its own: cannot write {value} to {path}: {error}"
            ))
        };
        settings.iter().filter_map(write).collect()
    }

    /// Makes a service's group with its limits and opens the `cgroup.procs` to enter it by.
    ///
    /// # Errors
    /// The group cannot be made, or a limit is refused.
    pub(crate) fn enter(&self, name: &ServiceName, limits: &Group) -> io::Result<File> {
        let group = self.of(name);
        fs::create_dir_all(&group)?;
        for (file, value) in limit_files(limits) {
            set(group.join(file), value)?;
        }
        let leaf = if limits.delegate {
            let leaf = group.join("main");
            fs::create_dir_all(&leaf)?;
            pass_controllers_on(&group)?;
            leaf
        } else {
            group
        };
        OpenOptions::new()
            .write(true)
            .open(leaf.join("cgroup.procs"))
    }

    /// Kills everything in a service's group.
    ///
    /// # Errors
    /// The kernel refuses; a group that does not exist has nothing to kill.
    pub(crate) fn kill(&self, name: &ServiceName) -> io::Result<()> {
        kill(&self.of(name))
    }

    /// Removes a service's group, if nothing runs in it any more.
    pub(crate) fn remove(&self, name: &ServiceName) {
        remove(&self.of(name));
    }

    /// The group that the kubelet makes for pods.
    pub(crate) fn pods(&self) -> PathBuf {
        self.root.join("kubepods")
    }

    fn of(&self, name: &ServiceName) -> PathBuf {
        self.root.join("system").join(name.as_str())
    }
}

/// Kills everything in a group and below it.
pub(crate) fn kill(group: &Path) -> io::Result<()> {
    match set(group.join("cgroup.kill"), "1") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a process runs in a group or below it.
pub(crate) fn is_populated(group: &Path) -> bool {
    fs::read_to_string(group.join("cgroup.events"))
        .is_ok_and(|text| text.lines().any(|l| l == "populated 1"))
}

/// Every process in a group and below it.
pub(crate) fn processes(group: &Path) -> Vec<i32> {
    let own = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let mut all: Vec<i32> = own
        .lines()
        .filter_map(|line| line.trim().parse().ok())
        .collect();
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(processes(&entry.path()));
        }
    }
    all
}

fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    // A group that is in use stays, and is used again.
    let _ = fs::remove_dir(group);
}

/// Passes every controller on to the groups below. One that cannot be (an exotic one) must not keep the others back.
fn pass_controllers_on(group: &Path) -> io::Result<()> {
    let controllers = fs::read_to_string(group.join("cgroup.controllers"))?;
    for controller in controllers.split_whitespace() {
        let _ = set(
            group.join("cgroup.subtree_control"),
            format!("+{controller}"),
        );
    }
    Ok(())
}

fn limit_files(limits: &Group) -> Vec<(&'static str, String)> {
    let numbers = [
        ("memory.max", limits.memory_max),
        ("memory.high", limits.memory_high),
        ("memory.min", limits.memory_min),
        ("pids.max", limits.pids_max),
        ("cpu.weight", limits.cpu_weight.map(u64::from)),
    ];
    numbers
        .into_iter()
        .filter_map(|(file, value)| Some((file, value?.to_string())))
        .collect()
}

/// Writes a file of the kernel.
#[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
fn set(path: impl AsRef<Path>, value: impl AsRef<[u8]>) -> io::Result<()> {
    fs::write(path, value)
}

#[cfg(test)]
mod tests {
    use super::{Groups, limit_files, protection};
    use init_api::{Group, ServiceName};
    use std::fs;

    #[test]
    fn limits_become_files() {
        let limits = Group {
            memory_max: Some(1000),
            cpu_weight: Some(200),
            ..Group::default()
        };
        assert_eq!(
            limit_files(&limits),
            [
                ("memory.max", "1000".to_owned()),
                ("cpu.weight", "200".to_owned())
            ]
        );
    }

    #[test]
    fn what_the_system_keeps_is_written_and_what_is_refused_is_noted() {
        let root = tempfile::tempdir().expect("folder");
        for group in ["init", "system"] {
            fs::create_dir_all(root.path().join(group)).expect("folder");
        }
        let read = |path: &str| fs::read_to_string(root.path().join(path)).ok();
        let weight = root.path().join("system/io.bfq.weight");
        fs::write(weight, "").expect("as this kernel has it");
        let plan = protection::plan(protection::Machine {
            memory: 2 << 30,
            processors: 2,
        });
        let notes = Groups::at(root.path()).protect(&plan);
        assert_eq!(notes, [""; 0]);
        assert_eq!(read("system/memory.min").as_deref(), Some("671088640"));
        assert_eq!(read("system/io.bfq.weight").as_deref(), Some("1000"));
        assert_eq!(read("system/memory.swap.max"), None, "without swap");

        fs::remove_dir_all(root.path().join("init")).expect("removed");
        let notes = Groups::at(root.path()).protect(&plan);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("init/memory.min"), "{notes:?}");
    }

    #[test]
    fn a_group_is_made_with_its_limits() {
        let root = tempfile::tempdir().expect("folder");
        let groups = Groups::at(root.path());
        let name = ServiceName::new("x").expect("name");
        let group = root.path().join("system/x");
        fs::create_dir_all(&group).expect("folder");
        fs::write(group.join("cgroup.procs"), "").expect("as the kernel would");
        let limits = Group {
            pids_max: Some(7),
            ..Group::default()
        };
        groups.enter(&name, &limits).expect("enter");
        assert_eq!(
            fs::read_to_string(group.join("pids.max")).expect("read"),
            "7"
        );
        groups
            .kill(&ServiceName::new("absent").expect("name"))
            .expect("nothing to kill");
    }
}
