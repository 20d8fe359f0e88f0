//! Where a scenario plays: its machines, and what it notes down.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use machine::{Cache, Network, Platform, Qemu, Recording, Snapshot, Spec, Vm, with_ssh_key};

use crate::{Node, artefacts, probe_archive, probe_manifest, workload};

/// The configuration that scenarios start from.
const CONFIG: &str = "version: 1\nhostname: node\n";
/// How long a first boot may take until its node is Ready, under emulation on a busy host.
pub const READY_WITHIN: u64 = 15;

/// One side that a machine is judged from, and its name.
pub type Judgement = (
    &'static str,
    fn(&mut Stage, &mut Node) -> anyhow::Result<()>,
);

/// A scenario's machines and notes. Machines end with it.
#[derive(Debug)]
pub struct Stage {
    name: String,
    made: Vec<Vm>,
    notes: Vec<String>,
}

impl Stage {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            made: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The hardware of most scenarios: one processor, so that two machines run side by side on two cores, and no way
    /// to the outside.
    #[must_use]
    pub fn spec() -> Spec {
        let cpus = std::env::var("HOLDFAST_VM_CPUS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(1);
        Spec {
            cpus,
            network: Network::Offline,
            cache: Cache::Writeback,
            ..Spec::default()
        }
    }

    /// A new machine, switched off, whose CONFIG partition holds `config` as it is, or [`Stage::config`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine(&mut self, spec: Spec, config: Option<&str>) -> anyhow::Result<Vm> {
        self.machine_of(artefacts::BOARD, spec, config)
    }

    /// Like [`Stage::machine`], from the image of `board`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine_of(
        &mut self,
        board: &str,
        spec: Spec,
        config: Option<&str>,
    ) -> anyhow::Result<Vm> {
        let dir = self.folder()?;
        let qemu = Qemu::find(spec.hardware.platform)?;
        let vm = Vm::create(&dir, &artefacts::base(board)?, spec, &qemu)?;
        let config = match config {
            Some(config) => config.to_owned(),
            None => Self::config(&vm)?,
        };
        vm.place_config(&config)?;
        self.made.push(vm.clone());
        Ok(vm)
    }

    /// A machine that is off, with an empty disk and an install stick that has the image of `board`, and `config` if there is one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine_with_install_stick(
        &mut self,
        board: &str,
        spec: Spec,
        config: Option<&str>,
    ) -> anyhow::Result<Vm> {
        let qemu = Qemu::find(spec.hardware.platform)?;
        let image = artefacts::base(board)?;
        let vm = Vm::create_with_stick(&self.folder()?, &image, config, spec, &qemu)?;
        self.made.push(vm.clone());
        Ok(vm)
    }

    /// A machine that is off, with nothing placed on its CONFIG partition.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn bare_machine(&mut self, spec: Spec) -> anyhow::Result<Vm> {
        self.machine_from(&artefacts::base(artefacts::BOARD)?, spec)
    }

    /// Like [`Stage::bare_machine`], from another image, which must not change while the machine exists.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine_from(&mut self, image: &Path, spec: Spec) -> anyhow::Result<Vm> {
        let qemu = Qemu::find(spec.hardware.platform)?;
        let vm = Vm::create(&self.folder()?, image, spec, &qemu)?;
        self.made.push(vm.clone());
        Ok(vm)
    }

    /// The machine that `recording` is of, as the loss of power left it that was asked for last.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine_after(&mut self, recording: &Recording) -> anyhow::Result<Vm> {
        let vm = recording.machine(&self.folder()?, &Qemu::find(Platform::Q35)?)?;
        self.made.push(vm.clone());
        Ok(vm)
    }

    /// Throws the machine away that was made last and is off.
    ///
    /// # Errors
    /// When its folder cannot be removed.
    pub fn discard_last(&mut self) -> anyhow::Result<()> {
        let Some(vm) = self.made.pop() else {
            return Ok(());
        };
        fs::remove_dir_all(vm.dir())
            .with_context(|| format!("cannot remove {}", vm.dir().display()))
    }

    /// A small configuration that lets the scenario log in to `vm`.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn config(vm: &Vm) -> anyhow::Result<String> {
        Ok(with_ssh_key(CONFIG, &vm.ssh_key()?)?)
    }

    /// Switches `vm` on.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn start(&self, vm: &Vm) -> anyhow::Result<Node> {
        Ok(Node::new(vm.start(
            &format!("holdfast-test-{}", self.name),
            &Qemu::find(vm.spec().hardware.platform)?,
        )?))
    }

    /// Switches `vm` on and waits until its node runs the probe beside the system's own workloads.
    ///
    /// # Errors
    /// When QEMU refuses, or one of them does not come up.
    pub fn start_with_probe(&self, vm: &Vm) -> anyhow::Result<Node> {
        let mut node = self.start(vm)?;
        node.wait_ready(READY_WITHIN)?;
        node.import(&probe_archive()?)?;
        node.wait_for_system()?;
        node.kubectl()?.apply(&probe_manifest())?;
        node.wait_available("default", "deployment/probe")?;
        Ok(node)
    }

    /// A copy of the machine whose node became Ready and whose containerd holds the probe's image.
    ///
    /// # Errors
    /// When that machine never became Ready: then every scenario that wants a copy fails with its reason.
    pub fn ready_node(&mut self) -> anyhow::Result<Node> {
        self.ready_node_with(Cache::Writeback)
    }

    /// Like [`Stage::ready_node`], with another cache of its disk.
    ///
    /// # Errors
    /// Those of [`Stage::ready_node`].
    pub fn ready_node_with(&mut self, cache: Cache) -> anyhow::Result<Node> {
        let running = ready()?.snapshot.resume(
            &self.folder()?,
            &format!("holdfast-test-{}", self.name),
            cache,
            &Qemu::find(Platform::Q35)?,
        )?;
        self.made.push(running.vm().clone());
        Ok(Node::new(running))
    }

    /// After how long the machine of [`Stage::ready_node`] was Ready, which was its first boot.
    ///
    /// # Errors
    /// Those of [`Stage::ready_node`].
    pub fn first_boot_took(&self) -> anyhow::Result<Duration> {
        Ok(ready()?.took)
    }

    /// Judges one machine from several sides, one after the other; a part that fails does not keep the others from being
    /// judged. Each is noted with its duration.
    ///
    /// # Errors
    /// When a part failed; the message has all of them.
    pub fn judge(&mut self, node: &mut Node, parts: &[Judgement]) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        for (name, part) in parts {
            let begun = Instant::now();
            let outcome = part(self, node);
            self.note(format!("{name}: {} s", begun.elapsed().as_secs()));
            failed.extend(outcome.err().map(|error| format!("{name}: {error:#}")));
        }
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    }

    /// Notes down a line for the report: a measurement, a seed.
    pub fn note(&mut self, line: impl Into<String>) {
        let line = line.into();
        println!("scenario {}: {line}", self.name);
        self.notes.push(line);
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Keeps what is left of the machines and says where.
    pub(crate) fn keep_traces(&self) {
        for (number, vm) in self.made.iter().enumerate() {
            let to = artefacts::failures()
                .join(&self.name)
                .join(format!("machine-{number}"));
            match machine::keep_evidence(vm, &to) {
                Ok(()) => println!(
                    "scenario {}: console, logs and disk are kept in {}",
                    self.name,
                    to.display()
                ),
                Err(error) => println!("scenario {}: no traces could be kept: {error}", self.name),
            }
        }
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        let machines = artefacts::machines()?;
        fs::create_dir_all(&machines)
            .with_context(|| format!("cannot make {}", machines.display()))?;
        let dir = machines.join(format!("{}-{}", self.name, self.made.len()));
        stop_leftover(&dir)?;
        Ok(dir)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for vm in &self.made {
            // Failures keep their traces elsewhere; disks of passed scenarios are only in the way.
            if let Ok(Some(running)) = vm.running() {
                drop(running.owned());
            }
            let _ = fs::remove_dir_all(vm.dir());
        }
    }
}

/// Ends what an interrupted earlier run left in `dir`, and removes it.
fn stop_leftover(dir: &Path) -> anyhow::Result<()> {
    if let Some(running) = Vm::open(dir)?.map(|vm| vm.running()).transpose()?.flatten() {
        running.power_cut()?;
    }
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

/// The machine that is frozen at its first Ready.
#[derive(Debug)]
struct Ready {
    snapshot: Snapshot,
    took: Duration,
}

/// Made once a run; who asks while it is being made waits.
fn ready() -> anyhow::Result<&'static Ready> {
    static READY: OnceLock<Result<Ready, String>> = OnceLock::new();
    match READY.get_or_init(|| make_ready().map_err(|error| format!("{error:#}"))) {
        Ok(ready) => Ok(ready),
        Err(reason) => bail!("the machine that scenarios begin from: {reason}"),
    }
}

fn make_ready() -> anyhow::Result<Ready> {
    let mut stage = Stage::new("ready");
    let vm = stage.machine(Stage::spec(), None)?;
    let outcome = freeze(&stage, &vm);
    if outcome.is_err() {
        stage.keep_traces();
    } else {
        // The snapshot's folder must outlive this stage.
        stage.made.clear();
    }
    outcome
}

fn freeze(stage: &Stage, vm: &Vm) -> anyhow::Result<Ready> {
    let mut node = stage.start(vm)?;
    let took = node.wait_ready(READY_WITHIN)?;
    node.import(&workload::archive()?)?;
    node.wait_for_system()?;
    let snapshot = Snapshot::take(node.into_running())?;
    Ok(Ready { snapshot, took })
}
