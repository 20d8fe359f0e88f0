//! The stage itself: one match over the steps.

use super::{
    Failure, Step, boot_loader, booted_disk, mounts, partition_table, plug::Plug, root, state,
    switch, trial,
};
use crate::clock;
use crate::disk::{Disk, partition_node};
use crate::report::{Log, Phases};
use crate::watchdog::Guard;
use disk::gpt::Table;
use disk::layout::{FoundSlot, PartitionRole, Slot, WantedRoot, find_slot};
use init_api::{
    BootRecord, BootTrial, Partitions, Release, Root, SlotBoots, Stage, Started, StateOutcome,
    paths,
};
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the root is mounted before it takes over.
const TARGET: &str = "sysroot";

/// What the steps find and hand on.
#[derive(Debug)]
struct Context {
    root: PathBuf,
    log: Log,
    guard: Guard,
    phases: Phases,
    plug: Option<Plug>,
    disk: Option<Disk>,
    table: Option<Table>,
    spec: Option<WantedRoot>,
    slot: Option<FoundSlot>,
    state: StateOutcome,
    opened_state: Option<PathBuf>,
    started: Started,
    trial: Option<BootTrial>,
}

/// Runs the stage on the initramfs at `root`, which is `/`; comes back only when it cannot go on, with the log to tell
/// it.
pub(crate) fn run(root: &Path) -> (Failure, Log) {
    let mut context = Context {
        root: root.into(),
        log: Log::default(),
        guard: Guard::default(),
        phases: Phases::new(Stage::Initramfs, Vec::new()),
        plug: None,
        disk: None,
        table: None,
        spec: None,
        slot: None,
        state: StateOutcome::Unusable,
        opened_state: None,
        started: Started::default(),
        trial: None,
    };
    for step in Step::ORDER {
        context.phases.begin(step.name());
        if let Err(failure) = context.step(step) {
            return (failure, context.log);
        }
        context.phases.end(&context.log);
        context.guard.feed();
    }
    match context.leave() {
        Ok(never) => match never {},
        Err(failure) => (failure, Log::open(Path::new("/dev"), Path::new("/sys"))),
    }
}

impl Context {
    fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Kernel => self.kernel(),
            Step::Modules => {
                self.plug = Some(Plug::start(&self.root, &self.log, &mut self.guard)?);
                Ok(())
            }
            Step::Disk => {
                let plug = self.plug.as_mut().expect("modules come before the disk");
                let disk = booted_disk::wait(&self.root, plug, &self.log, &mut self.guard)?;
                plug.finish(&self.log, &mut self.guard);
                self.log
                    .line(&format!("booted from {}", disk.node.display()));
                self.disk = Some(disk);
                Ok(())
            }
            Step::Table => {
                self.table = Some(partition_table::complete(self.disk(), &self.log)?);
                Ok(())
            }
            Step::Root => self.open_root(),
            Step::State => self.state(),
            Step::Trial => self.trial(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    fn kernel(&mut self) -> Result<(), Failure> {
        mounts::kernel_file_systems(&self.root)?;
        // The kernel would drop lines that come fast, and a boot is when they do. A kernel without the switch does not.
        let _ = fs::write(self.root.join("proc/sys/kernel/printk_devkmsg"), "on");
        self.log = Log::open(&self.root.join("dev"), &self.root.join("sys"));
        let release = init_api::load::<Release>(self.root.join("etc/holdfast-release.json"));
        match release.map(|release| (clock::lift(&release, None), release.version)) {
            Ok((Ok((_, true)), version)) => {
                self.log.line(&format!("Holdfast {version}; the clock stood before the image's build and was lifted to it"));
            }
            Ok((_, version)) => self.log.line(&format!("Holdfast {version}")),
            // The clock is lifted again by PID 1; a missing file must not stop the boot.
            Err(error) => self.log.error(&error.to_string()),
        }
        let cmdline = fs::read_to_string(self.root.join("proc/cmdline")).unwrap_or_default();
        self.spec = Some(WantedRoot::parse(&cmdline)?);
        Ok(())
    }

    fn open_root(&mut self) -> Result<(), Failure> {
        let (disk, table) = (self.disk(), self.table());
        let spec = self
            .spec
            .as_ref()
            .expect("the command line comes before the root");
        let slot = find_slot(&disk.open(false)?, table, spec)?;
        let node = self
            .node(slot.partition)
            .ok_or_else(|| root::RootError::Partition {
                disk: disk.node.display().to_string(),
                number: slot.partition,
            })?;
        root::open(&node, &slot, spec, &self.root.join("dev"), &self.target())?;
        root::share(&self.root, &self.target())?;
        self.log
            .line(&format!("root {} in slot {}", spec.hash, slot.slot));
        self.slot = Some(slot);
        Ok(())
    }

    fn state(&mut self) -> Result<(), Failure> {
        let (disk, layout) = (self.disk().clone(), self.table().clone());
        let node = self.state_node();
        let (target, root) = (self.target().join("state"), self.target());
        let config = self.role_node(PartitionRole::Config);
        let places = state::Places {
            initramfs: &self.root,
            root: &root,
            target: &target,
            config: config.as_deref(),
            logs: &self.below(paths::LOGS),
            log: &self.log,
        };
        match state::prepare(&disk, node.as_deref(), &layout, &places, &mut self.guard) {
            Ok(used) => {
                self.state = used.outcome;
                self.grow(&used.device, &target);
                self.opened_state =
                    Some(used.device).filter(|device| Some(device) != node.as_ref());
            }
            Err(error) => {
                let opened = state::opened(&self.root);
                let device = opened.as_deref().or(node.as_deref());
                let problem = state::problem(&error, device, layout.when_damaged());
                self.log
                    .error(&format!("{}: {}", problem.title, problem.text));
                let told = init_api::store(self.below(paths::PROBLEM), &problem);
                if let Err(error) = told {
                    self.log.error(&error.to_string());
                }
                state::stand_in(&target).map_err(|source| Failure::Switch {
                    what: "mounting memory in place of state".into(),
                    source,
                })?;
            }
        }
        Ok(())
    }

    fn trial(&mut self) -> Result<(), Failure> {
        let sys = self.root.join("sys");
        self.started = boot_loader::started(&sys);
        let boot = self.role_node(PartitionRole::Boot);
        let places = trial::Places {
            state: &self.target().join("state"),
            boot: boot.as_deref(),
            mount: &self.below(paths::BOOT_MOUNT),
            sys: &sys,
            log: &self.log,
        };
        self.trial = trial::begin(&places, &self.root_hash(), &self.started)?;
        Ok(())
    }

    fn root_hash(&self) -> String {
        let spec = self.spec.as_ref();
        spec.map(|spec| spec.hash.to_string()).unwrap_or_default()
    }

    fn grow(&self, device: &Path, mounted: &Path) {
        match state::grow(device, mounted) {
            Ok(Some(bytes)) => self
                .log
                .line(&format!("state grown to {} MiB", bytes / 1024 / 1024)),
            Ok(None) => {}
            // As large as before is good enough; the next boot tries again.
            Err(error) => self.log.error(&format!("cannot grow state: {error}")),
        }
    }

    fn leave(self) -> Result<Infallible, Failure> {
        let record = self.record();
        let stored = init_api::store(self.below(paths::BOOT), &record).and_then(|()| {
            let boots = self.slot_boots();
            boots.map_or(Ok(()), |boots| {
                init_api::store(self.below(paths::SLOT_BOOTS), &boots)
            })
        });
        if let Err(error) = stored {
            self.log.error(&error.to_string());
        }
        let target = self.target();
        let Self {
            root,
            guard,
            log,
            plug,
            ..
        } = self;
        // Their open files lie on what is about to be unmounted.
        drop((log, plug));
        switch::switch(&root, &target, guard)
    }

    fn record(&self) -> BootRecord {
        let slot = self.slot.as_ref().expect("the root comes before leaving");
        BootRecord {
            slot: match slot.slot {
                Slot::A => init_api::Slot::A,
                Slot::B => init_api::Slot::B,
            },
            root_hash: self.root_hash(),
            disk: self.disk().node.clone(),
            partitions: Partitions {
                boot: self.role_node(PartitionRole::Boot),
                config: self.role_node(PartitionRole::Config),
                root: self.node(slot.partition),
                spare_root: self.role_node(slot.slot.other().root()),
                state: self.state_node(),
                opened_state: self.opened_state.clone(),
            },
            state: self.state,
            watchdog: self.guard.about().cloned(),
            started: self.started.clone(),
            trial: self.trial.clone(),
            phases: self.phases.list().to_vec(),
        }
    }

    fn slot_boots(&self) -> Option<SlotBoots> {
        Some(SlotBoots {
            a: self.role_node(PartitionRole::BootA)?,
            b: self.role_node(PartitionRole::BootB)?,
        })
    }

    /// Where a path of the running node is now.
    fn below(&self, path: &str) -> PathBuf {
        Root::new(&self.root).path(path)
    }

    fn target(&self) -> PathBuf {
        self.root.join(TARGET)
    }

    fn disk(&self) -> &Disk {
        self.disk
            .as_ref()
            .expect("the disk comes before everything on it")
    }

    fn table(&self) -> &Table {
        self.table
            .as_ref()
            .expect("the table comes before everything in it")
    }

    fn role_node(&self, role: PartitionRole) -> Option<PathBuf> {
        self.node(self.table().role(role)?.number)
    }

    fn state_node(&self) -> Option<PathBuf> {
        self.node(self.table().state()?.number)
    }

    fn node(&self, number: u32) -> Option<PathBuf> {
        partition_node(
            &self.root.join("sys"),
            &self.root.join("dev"),
            &self.disk().name,
            number,
        )
    }
}
