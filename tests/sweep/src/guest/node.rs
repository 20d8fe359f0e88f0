//! A node of the guest: boots of what the boot loader starts, by the real initramfs code, and the real agent in them.

use super::devices::device;
use super::firmware::{ESP, Firmware};
use super::pid_1::{self, Pid1};
use crate::layout::{BOOT, BOOT_A, BOOT_B, Part, ROOT_A, ROOT_B, STATE};
use crate::machine::Machine;
use crate::releases::Says;
use anyhow::{Context, bail, ensure};
use disk::verity::RootHash;
use init_api::{
    BootRecord, BootTrial, Millis, Partitions, Root, Slot, SlotBoots, Started, StateOutcome,
    UnconfirmedBoot, WhyUnconfirmed, paths,
};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use slots::tryboot::NextStart;
use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use upgrade_api::{Answer, Request};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where PID 1 sees the boot partition before a restart.
const PID_1: &str = "/tmp/pid-1-boot";

/// How a boot ends before anything of ours runs on the root, or that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The kernel panics.
    Panics,
    /// It is counted by the initramfs stage, and crashes then.
    Crashes,
    /// The node comes up; `ready` is whether it is well.
    Runs {
        /// Whether the node becomes Ready.
        ready: bool,
    },
}

/// What became of a boot.
#[derive(Debug)]
pub(super) enum Boot {
    /// The boot loader had nothing to start.
    Nothing,
    /// It restarted by itself; why.
    Restarts(String),
    /// This release runs in maintenance mode: its state cannot be used. Whether it is on trial, as the boot loader says.
    WithoutState(String, bool),
    /// The node runs.
    Up(Box<Up>),
}

/// The machine.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) firmware: Firmware,
    pub(super) repository: PathBuf,
    root: Root,
    state: PathBuf,
}

/// A node that runs.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) version: String,
    pub(super) trial: Option<BootTrial>,
    pid_1: Arc<Pid1>,
    root: Root,
    slot: Slot,
    root_hash: String,
    repository: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    agent: Option<JoinHandle<()>>,
    /// Whether somebody restarts it in the middle of its trial.
    interrupted: Cell<bool>,
}

impl Node {
    /// Takes away what a boot left that was broken off.
    pub(super) fn stop(&self) {
        let own = [self.state.as_path(), Path::new(ESP), Path::new(PID_1)];
        for folder in own {
            // Mostly there is none.
            let _ = unmount(folder, UnmountFlags::DETACH);
        }
    }

    /// One that is off. `trusted` is the root of the release keys.
    ///
    /// # Errors
    /// Its folders cannot be made.
    pub(super) fn new(
        machine: Machine,
        repository: PathBuf,
        trusted: &Path,
    ) -> anyhow::Result<Self> {
        let (root, state) = (Root::new("/tmp/root"), PathBuf::from("/tmp/state"));
        for folder in [paths::RUN, "/usr/lib/holdfast", "/etc"] {
            fs::create_dir_all(root.path(folder))?;
        }
        fs::create_dir_all(&state)?;
        std::os::unix::fs::symlink(state.join("var"), root.path("/var"))?;
        fs::copy(trusted, root.path(paths::RELEASE_ROOT))?;
        fs::write(
            root.path("/etc/machine-id"),
            "0123456789abcdef0123456789abcdef\n",
        )?;
        if machine == Machine::Tryboot {
            let boots = SlotBoots {
                a: device(BOOT_A),
                b: device(BOOT_B),
            };
            init_api::store(root.path(paths::SLOT_BOOTS), &boots)?;
            // The module that asks the firmware.
            fs::create_dir_all(root.path(slots::tryboot::ONE_SHOT[0]))?;
        }
        Ok(Self {
            firmware: Firmware::new(machine)?,
            repository,
            root,
            state,
        })
    }

    /// One boot.
    ///
    /// # Errors
    /// Something did not work that always does.
    pub(super) fn boot(&self, fate: impl Fn(&str) -> Fate) -> anyhow::Result<Boot> {
        let Some(uki) = self.firmware.start()? else {
            return Ok(Boot::Nothing);
        };
        let fate = fate(&uki.version);
        if fate == Fate::Panics {
            return Ok(Boot::Restarts("the kernel panicked".to_owned()));
        }
        let Some(slot) = find_slot(&uki)? else {
            return Ok(Boot::Restarts(format!("no slot holds {}", uki.root_hash)));
        };
        if !self.open_state()? {
            let nothing = Path::new("/tmp/no-state");
            fs::create_dir_all(nothing)?;
            let trial = self.begin_trial(nothing, &uki);
            return Ok(match trial {
                Ok(trial) => Boot::WithoutState(uki.version, trial.is_some()),
                Err(why) => Boot::Restarts(why),
            });
        }
        fs::create_dir_all(self.state.join("var/lib/holdfast/upgrade"))?;
        let trial = match self.begin_trial(&self.state, &uki) {
            Ok(trial) => trial,
            Err(why) => return Ok(Boot::Restarts(why)),
        };
        let Fate::Runs { ready } = fate else {
            self.close()?;
            return Ok(Boot::Restarts("it crashed".to_owned()));
        };
        self.write_records(&uki, slot, trial.clone())?;
        let pid_1 = pid_1::start(&self.root.path(paths::SOCKET), ready)?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let root = self.root.clone();
        Ok(Boot::Up(Box::new(Up {
            version: uki.version,
            root_hash: uki.root_hash,
            trial,
            pid_1,
            root: root.clone(),
            slot,
            repository: self.repository.clone(),
            stop: Some(stop),
            agent: Some(thread::spawn(move || run_agent(&root, stopped))),
            interrupted: Cell::new(false),
        })))
    }

    /// The initramfs stage's count, with what stands for the state partition at `state`.
    fn begin_trial(&self, state: &Path, uki: &Says) -> Result<Option<BootTrial>, String> {
        init::begin_trial(
            state,
            Some(&device(BOOT)),
            Path::new("/tmp/initramfs-boot"),
            &self.firmware.sys,
            &uki.root_hash,
        )
    }

    /// Mounts state; gives whether it can be used. What the kernel cannot mount is repaired as the initramfs stage does.
    fn open_state(&self) -> anyhow::Result<bool> {
        let open = || mount(device(STATE), &self.state, "ext4", MountFlags::empty(), c"");
        if open().is_ok() {
            return Ok(true);
        }
        let mut check = Command::new("/usr/sbin/e2fsck");
        check.arg("-p").arg(device(STATE)).stdout(Stdio::null());
        let checked = check.status().context("cannot run e2fsck")?;
        Ok(matches!(checked.code(), Some(0 | 1)) && open().is_ok())
    }

    /// Unmounts state.
    ///
    /// # Errors
    /// It is in use.
    pub(super) fn close(&self) -> anyhow::Result<()> {
        unmount(&self.state, UnmountFlags::empty()).context("cannot unmount state")
    }

    fn write_records(
        &self,
        uki: &Says,
        slot: Slot,
        trial: Option<BootTrial>,
    ) -> anyhow::Result<()> {
        let record = BootRecord {
            slot,
            root_hash: uki.root_hash.clone(),
            disk: "/dev/ubda".into(),
            partitions: Partitions {
                boot: Some(device(BOOT)),
                config: None,
                root: Some(device(part(slot))),
                opened_state: None,
                spare_root: Some(device(part(slot.other()))),
                state: Some(device(STATE)),
            },
            state: StateOutcome::Clean,
            watchdog: None,
            started: Started::default(),
            trial,
            phases: Vec::new(),
        };
        init_api::store(self.root.path(paths::BOOT), &record)?;
        let release = init_api::Release {
            version: uki.version.clone(),
            build_time: 0,
            kubernetes: None,
        };
        Ok(init_api::store(self.root.path(paths::RELEASE), &release)?)
    }
}

impl Up {
    /// Waits until the agent has settled what was there, and with a node that is well, until its trial is over.
    ///
    /// # Errors
    /// It does not come to an end.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let waits = self.trial.is_some() && !self.pid_1.ready.load(Ordering::SeqCst);
        let trial = self.root.path(paths::TRIAL);
        let end = Instant::now() + PATIENCE;
        while !waits && trial.exists() {
            ensure!(
                Instant::now() < end,
                "the trial of {} does not end",
                self.version
            );
            thread::sleep(Duration::from_millis(1));
        }
        // An answer comes when the agent has begun, and a status waits for nobody.
        self.ask(&Request::Status)?;
        Ok(())
    }

    /// Asks the agent.
    ///
    /// # Errors
    /// It refuses.
    pub(super) fn ask(&self, request: &Request) -> anyhow::Result<Answer> {
        let end = Instant::now() + PATIENCE;
        loop {
            let asked = upgrade_api::Client::connect(self.root.path(paths::UPGRADE_SOCKET))
                .and_then(|mut client| client.ask(request, |_| {}));
            match asked {
                Ok(answer) => return Ok(answer),
                Err(upgrade_api::ClientError::Refused(why))
                    if !why.contains("being changed already") =>
                {
                    bail!("refused: {why}")
                }
                Err(error) if Instant::now() > end => return Err(error.into()),
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Whether the trial that this boot is one of has ended well.
    ///
    /// # Errors
    /// The agent does not answer.
    pub(super) fn is_confirmed(&self) -> anyhow::Result<bool> {
        let Answer::Status { report } = self.ask(&Request::Status)? else {
            bail!("that is no status");
        };
        let last = report.record.events.last();
        Ok(report.trial.is_none()
            && last.is_some_and(|event| event.what == upgrade_api::Happened::Committed))
    }

    /// Writes a release to the spare slot.
    ///
    /// # Errors
    /// The agent refuses.
    pub(super) fn stage(&self, version: &str) -> anyhow::Result<()> {
        self.ask(&Request::Stage(upgrade_api::StageRequest {
            source: self.repository.display().to_string(),
            wanted: upgrade_api::Wanted::Version(version.to_owned()),
            allow_downgrade: false,
            again: true,
        }))
        .map(drop)
    }

    /// PID 1 writes down how a trial ended that nobody confirmed.
    ///
    /// # Errors
    /// State does not take it.
    pub(super) fn unconfirmed(&self, why: WhyUnconfirmed) -> anyhow::Result<()> {
        self.interrupted.set(why == WhyUnconfirmed::Interrupted);
        let record = UnconfirmedBoot {
            slot: self.slot,
            root_hash: self.root_hash.clone(),
            version: self.version.clone(),
            why,
            reasons: Vec::new(),
            at_ms: Millis::seconds(600),
        };
        Ok(init_api::store(
            self.root.path(paths::UNCONFIRMED_BOOT),
            &record,
        )?)
    }

    /// Ends the agent, closes state, and restarts.
    ///
    /// # Errors
    /// Something of it goes on.
    pub(super) fn down(self, node: &Node) -> anyhow::Result<()> {
        let (version, interrupted) = (self.version.clone(), self.interrupted.get());
        drop(self);
        node.close()?;
        if node.firmware.machine == Machine::Tryboot {
            let next = init::before_restart(&device(BOOT), Path::new(PID_1), &version, interrupted);
            let next = next.unwrap_or_else(|error| {
                println!("the last good release is next: {error}");
                NextStart::Good
            });
            node.firmware.asked_once.set(next == NextStart::Trial);
        }
        Ok(())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(agent) = self.agent.take() {
            // It said why it panicked.
            let _ = agent.join();
        }
        self.pid_1.end(&self.root.path(paths::SOCKET));
    }
}

/// The agent, in a time of its own that passes when it waits.
fn run_agent(root: &Root, stopped: tokio::sync::oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let root = root.clone();
    runtime.spawn(async move {
        if let Err(error) = agent::serve(&root).await {
            println!("the agent ended: {error:#}");
        }
    });
    // The other end is dropped, never used.
    let _ = runtime.block_on(stopped);
}

const fn part(slot: Slot) -> Part {
    match slot {
        Slot::A => ROOT_A,
        Slot::B => ROOT_B,
    }
}

/// The slot whose image is whole and has the root hash that the UKI names: what dm-verity would open, all of it read.
fn find_slot(uki: &Says) -> anyhow::Result<Option<Slot>> {
    let hash: RootHash = uki.root_hash.parse()?;
    for slot in [Slot::A, Slot::B] {
        let mut image = File::open(device(part(slot)))?;
        if disk::verity::verify(&mut image, crate::releases::ROOT_SIZE, &hash).is_ok() {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}
