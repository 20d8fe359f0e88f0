//! This node, as the agent needs it: what runs, where the spare slot is, and the files that are kept.

use anyhow::{Context, anyhow};
use init_api::{
    BootRecord, Configured, LastBoot, PendingTrial, Release, Root, SlotBoots, SlotRelease, Status,
    TrialLogs, UnconfirmedBoot, paths,
};
use slots::{BootLoader, EntryName, Mounted};
use std::path::PathBuf;
use upgrade_api::{Event, Happened, Record};

/// The facts of this boot, and where things are.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    root: Root,
    boot: BootRecord,
    /// The boot partitions that each slot has for itself, if it has.
    slot_boots: Option<slots::SlotBoots>,
    /// The release that runs.
    pub(crate) running: SlotRelease,
}

impl Node {
    /// Reads what the initramfs stage and the image say.
    ///
    /// # Errors
    /// A record is missing or damaged.
    pub(crate) fn read(root: &Root) -> anyhow::Result<Self> {
        let boot: BootRecord = init_api::load(root.path(paths::BOOT))?;
        let release: Release = init_api::load(root.path(paths::RELEASE))?;
        let boots: Option<SlotBoots> = init_api::load_if_present(root.path(paths::SLOT_BOOTS))?;
        let entry = EntryName::of_version(&release.version)?;
        let running = SlotRelease {
            version: release.version,
            slot: boot.slot,
            root_hash: boot.root_hash.clone(),
            entry: entry.to_string(),
            kubernetes: release.kubernetes,
        };
        Ok(Self {
            root: root.clone(),
            boot,
            slot_boots: boots.map(|SlotBoots { a, b }| slots::SlotBoots { a, b }),
            running,
        })
    }

    /// Whether this boot is on trial, as the initramfs stage judged it.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.boot.trial.is_some()
    }

    /// The services' logs, to be kept while the release is on trial.
    pub(crate) fn trial_logs(&self) -> TrialLogs {
        TrialLogs::of(&self.root)
    }

    /// The device of the slot that does not run.
    ///
    /// # Errors
    /// The disk has none: its first boot could not make it.
    pub(crate) fn spare(&self) -> anyhow::Result<PathBuf> {
        let device = self.boot.partitions.spare_root.clone();
        device.ok_or_else(|| {
            anyhow!(
                "the disk {} has no second slot: flash the image again to a disk of at least 4 GB",
                self.boot.disk.display()
            )
        })
    }

    /// The partition of the root that runs, and its verity root hash.
    pub(crate) fn running_root(&self) -> Option<(PathBuf, release::Digest)> {
        let device = self.boot.partitions.root.clone()?;
        Some((device, self.boot.root_hash.parse().ok()?))
    }

    /// The slot that does not run.
    pub(crate) fn spare_slot(&self) -> init_api::Slot {
        self.boot.slot.other()
    }

    /// What the encrypted state partition is sealed for; none where it is not encrypted.
    pub(crate) fn sealing_key(&self) -> Option<PathBuf> {
        self.boot.partitions.opened_state.as_ref()?;
        Some(self.root.path(paths::SEALING_KEY))
    }

    /// Mounts the boot partition for writing.
    ///
    /// # Errors
    /// It is missing, damaged, or takes no writes.
    pub(crate) fn boot_partition(&self) -> anyhow::Result<Mounted> {
        let device = self.boot.partitions.boot.as_deref();
        let device = device.context("the disk has no boot partition")?;
        Ok(Mounted::open(device, &self.root.path(paths::BOOT_MOUNT))?)
    }

    /// What starts entries from the mounted boot partition.
    pub(crate) fn boot_loader(&self, mounted: &Mounted) -> BootLoader {
        BootLoader::of(mounted.folder(), self.slot_boots.as_ref())
    }

    /// Who this node is among others, always the same: decides when a percentage reaches it.
    pub(crate) fn id(&self) -> String {
        // Without one, every such node is reached at the same moment.
        std::fs::read_to_string(self.root.path("/etc/machine-id"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Asks PID 1 how the machine is.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn status(&self) -> anyhow::Result<Status> {
        Ok(self.pid_1()?.status()?)
    }

    /// What the configuration in force says of itself; nothing where nobody configured the node yet, or nobody can read it.
    pub(crate) fn configured(&self) -> Configured {
        let configured = init_api::load_if_present(self.root.path(paths::CONFIGURED));
        configured.ok().flatten().unwrap_or_default()
    }

    /// A connection to PID 1.
    ///
    /// # Errors
    /// It does not listen.
    pub(crate) fn pid_1(&self) -> anyhow::Result<init_api::Client> {
        Ok(init_api::Client::connect(self.root.path(paths::SOCKET))?)
    }

    /// A path of the running node.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }

    /// The record; an empty one at first. One that is damaged is said, and begun anew.
    pub(crate) fn record(&self) -> Record {
        init_api::load_if_present(self.record_path())
            .unwrap_or_else(|error| {
                eprintln!("the record of upgrades begins anew: {:#}", anyhow!(error));
                None
            })
            .unwrap_or_default()
    }

    /// Writes the record.
    ///
    /// # Errors
    /// The state partition does not take it.
    pub(crate) fn store_record(&self, record: &Record) -> anyhow::Result<()> {
        Ok(init_api::store(self.record_path(), record)?)
    }

    /// The trial that goes on, whichever slot runs.
    ///
    /// # Errors
    /// Its record is damaged.
    pub(crate) fn pending(&self) -> anyhow::Result<Option<PendingTrial>> {
        Ok(init_api::load_if_present(self.root.path(paths::TRIAL))?)
    }

    /// Writes a trial down.
    ///
    /// # Errors
    /// The state partition does not take it.
    pub(crate) fn begin_trial(&self, trial: &PendingTrial) -> anyhow::Result<()> {
        self.forget_unconfirmed()?;
        Ok(init_api::store(self.root.path(paths::TRIAL), trial)?)
    }

    /// Ends the trial's record.
    ///
    /// # Errors
    /// The state partition does not let it go.
    pub(crate) fn end_trial(&self) -> anyhow::Result<()> {
        host::file::remove_for_good(&self.root.path(paths::TRIAL))
            .context("cannot remove the record of the trial")?;
        self.forget_unconfirmed()
    }

    fn forget_unconfirmed(&self) -> anyhow::Result<()> {
        host::file::remove_for_good(&self.root.path(paths::UNCONFIRMED_BOOT))
            .context("cannot remove the record of the last boot on trial")?;
        Ok(())
    }

    /// How the last boot on trial ended that nobody confirmed.
    pub(crate) fn unconfirmed(&self) -> Option<UnconfirmedBoot> {
        init_api::load_if_present(self.root.path(paths::UNCONFIRMED_BOOT)).unwrap_or_else(|error| {
            eprintln!("{:#}", anyhow!(error));
            None
        })
    }

    /// How the boot before this one ended, of whatever release it was.
    pub(crate) fn last_boot(&self) -> Option<LastBoot> {
        init_api::load_if_present(self.root.path(paths::LAST_BOOT)).unwrap_or_else(|error| {
            eprintln!("{:#}", anyhow!(error));
            None
        })
    }

    fn record_path(&self) -> PathBuf {
        self.root.path(paths::UPGRADE).join(Record::FILE)
    }
}

/// Something that happened now.
pub(crate) fn event(version: &str, what: Happened, details: Vec<String>) -> Event {
    Event {
        at_s: now_s(),
        version: version.to_owned(),
        what,
        details,
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    jiff::Timestamp::now().as_second().try_into().unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests;
