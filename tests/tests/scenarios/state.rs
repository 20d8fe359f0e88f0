//! The state partition of a machine that is off, as a file on the host that e2fsprogs can be let loose on.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use machine::{Partition, Vm};

/// The partition's name once its file system is made.
const NAME: &str = "state";
/// Where ext4 keeps its UUID, in bytes.
const UUID_AT: u64 = 1024 + 104;
/// What makes a node itself, as paths inside the file system.
const IDENTITY: [&str; 2] = [
    "/var/lib/holdfast/machine-id",
    "/var/lib/holdfast/cluster/pki",
];

/// A copy of a machine's state partition.
pub(crate) struct State {
    file: PathBuf,
    /// The partition inside the machine's disk, as QEMU's tools want it described.
    place: String,
}

/// What must stay the same for as long as a node lives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The file system's UUID: another one means that it was made anew.
    pub(crate) uuid: String,
    /// Contents of the files of [`IDENTITY`] that are there, by name.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl State {
    /// The copy; none while the disk has no partition whose file system is made, or when a power cut tore the table, which
    /// the node mends from its backup.
    pub(crate) fn copy(vm: &Vm) -> anyhow::Result<Option<Self>> {
        let Ok(partitions) = vm.disk().partitions() else {
            return Ok(None);
        };
        let Some(partition) = partitions.iter().find(|one| one.name == NAME) else {
            return Ok(None);
        };
        let state = Self {
            file: vm.dir().join("state.raw"),
            place: place(vm.disk().path(), partition),
        };
        let mut convert = Command::new("qemu-img");
        convert
            .args(["convert", "--image-opts", "-O", "raw", &state.place])
            .arg(&state.file);
        run(&mut convert, &[0])?;
        Ok(Some(state))
    }

    /// The state partition of `disk`, a raw one that is laid out as that of `vm`, with its journal played as the machine's next boot will.
    pub(crate) fn of_raw(disk: &Path, vm: &Vm) -> anyhow::Result<Self> {
        let partition = vm.disk().partition(NAME)?;
        let file = disk.with_extension("state");
        let place = format!(
            "driver=raw,offset={},size={},file.driver=file,file.filename={}",
            partition.offset,
            partition.size,
            disk.display()
        );
        let mut convert = Command::new("qemu-img");
        convert
            .args(["convert", "--image-opts", "-O", "raw", &place])
            .arg(&file);
        run(&mut convert, &[0])?;
        let state = Self { file, place };
        state.play_journal()?;
        Ok(state)
    }

    /// Brings it to where the machine's next boot would.
    pub(crate) fn play_journal(&self) -> anyhow::Result<()> {
        let mut check = Command::new("/usr/sbin/e2fsck");
        run(check.arg("-p").arg(&self.file), &[0, 1]).map(drop)
    }

    /// A folder of it, copied to the host.
    pub(crate) fn folder(&self, path: &str) -> anyhow::Result<PathBuf> {
        let out = self.file.with_extension("files");
        // Left by an earlier look.
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out).with_context(|| format!("cannot make {}", out.display()))?;
        self.debugfs(&["-R", &format!("rdump {path} {}", out.display())])?;
        Ok(out.join(Path::new(path).file_name().unwrap_or_default()))
    }

    /// Copies a folder of the host to `to`, which is not there yet.
    pub(crate) fn bring(&self, folder: &Path, to: &str) -> anyhow::Result<()> {
        self.debugfs(&["-w", "-R", &format!("mkdir {to}")])?;
        for entry in
            fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let inside = format!("{to}/{name}");
            if path.is_dir() {
                self.bring(&path, &inside)?;
            } else {
                let request = format!("write {} {inside}", path.display());
                self.debugfs(&["-w", "-R", &request])?;
            }
        }
        Ok(())
    }

    /// Writes the copy back over the partition.
    pub(crate) fn put_back(self) -> anyhow::Result<()> {
        let mut convert = Command::new("qemu-img");
        convert
            .args(["convert", "-n", "-f", "raw", "--target-image-opts"])
            .arg(&self.file)
            .arg(&self.place);
        run(&mut convert, &[0])?;
        fs::remove_file(&self.file).with_context(|| format!("cannot remove {self}"))
    }

    /// Runs requests of `debugfs` that change the file system, one after the other.
    pub(crate) fn change(&self, requests: &[&str]) -> anyhow::Result<()> {
        for request in requests {
            let said = self.debugfs(&["-w", "-R", request])?;
            // Its exit code does not tell; apart from its own version it has nothing to say.
            ensure!(
                said.lines().count() <= 1,
                "debugfs: {request}: {}",
                said.trim()
            );
        }
        Ok(())
    }

    /// What `e2fsck` says of it, without mending: none when nothing is wrong.
    pub(crate) fn errors(&self) -> anyhow::Result<Option<String>> {
        let mut check = Command::new("/usr/sbin/e2fsck");
        check.args(["-f", "-n"]).arg(&self.file);
        let (code, said) = run(&mut check, &[0, 4])?;
        Ok((code != 0).then_some(said))
    }

    /// Who the node is, as far as that is on the disk.
    pub(crate) fn identity(&self) -> anyhow::Result<Identity> {
        // As the machine's next boot will.
        self.play_journal()?;
        let out = self.file.with_extension("files");
        // Left by an earlier look.
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out).with_context(|| format!("cannot make {}", out.display()))?;
        for path in IDENTITY {
            self.debugfs(&["-R", &format!("rdump {path} {}", out.display())])?;
        }
        let mut files = BTreeMap::new();
        collect(&out, &out, &mut files)?;
        let mut uuid = [0; 16];
        fs::File::open(&self.file)
            .and_then(|file| file.read_exact_at(&mut uuid, UUID_AT))
            .with_context(|| format!("cannot read {self}"))?;
        Ok(Identity {
            uuid: uuid.iter().map(|byte| format!("{byte:02x}")).collect(),
            files,
        })
    }

    fn debugfs(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut debugfs = Command::new("/usr/sbin/debugfs");
        Ok(run(debugfs.args(arguments).arg(&self.file), &[0])?.1)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.display().fmt(f)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // It may have been put back.
        let _ = fs::remove_file(&self.file);
    }
}

impl Identity {
    /// What `later` has otherwise: the file system made anew, or a file changed or gone. New files are none of it.
    pub(crate) fn lost_in(&self, later: &Self) -> Vec<&str> {
        let files = self
            .files
            .iter()
            .filter(|(name, content)| later.files.get(*name) != Some(content));
        let uuid = (self.uuid != later.uuid).then_some("the file system's UUID");
        uuid.into_iter()
            .chain(files.map(|(name, _)| name.as_str()))
            .collect()
    }
}

fn place(disk: &Path, partition: &Partition) -> String {
    format!(
        "driver=raw,offset={},size={},file.driver=qcow2,file.file.driver=file,file.file.filename={}",
        partition.offset,
        partition.size,
        disk.display()
    )
}

/// The exit code, which must be one of `good`, and everything that was printed.
fn run(command: &mut Command, good: &[i32]) -> anyhow::Result<(i32, String)> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap_or(-1);
    ensure!(
        good.contains(&code),
        "{command:?}: exit code {code}: {}",
        said.trim()
    );
    Ok((code, said.into_owned()))
}

/// Reads all files below `folder`, by their names below `top`.
fn collect(top: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            collect(top, &path, files)?;
        } else {
            let name = path.strip_prefix(top)?.to_string_lossy().into_owned();
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name, content);
        }
    }
    Ok(())
}
