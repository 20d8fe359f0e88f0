//! Writing a release to the spare slot.
//!
//! # Flow
//! The repository is verified, a release chosen, its manifest and block index read. Then the slot is compared with the index, so
//! that a download that was broken off goes on where it was, also after a reboot; what is missing is fetched, as blocks or as a delta
//! to the image that runs, each block checked before it is written; all of it is flushed and read back from the device; last comes
//! the UKI, or where each slot has a boot partition of its own, the image of that.
//!
//! # Guarantees
//! The slot and the boot files of the release that runs are never touched. Before the first byte of the spare slot changes, the
//! boot loader has no entry for it and the record names nothing in it, so a power cut at any moment leaves the release that runs.

use crate::boot_file::{BootFile, running};
use crate::bring::{Bring, TellStep};
use crate::download::keep_only;
use crate::idle::idle;
use crate::node::{Node, event};
use crate::offers::{arch, choose, is_stick_without_releases, open};
use crate::origin::{Origin, Seed, origin};
use crate::secure_boot;
use crate::slot::SpareSlot;
use crate::state_policy;
use anyhow::{anyhow, bail};
use init_api::{SlotRelease, paths};
use release::{BlockIndex, File, Manifest, Repository};
use slots::{EntryName, Program};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use upgrade_api::{Brought, Happened, Progress, StageRequest, StagedRelease};

/// So many bytes of a boot file are in memory at once.
const PIECE: usize = 1 << 20;

/// Who hears how far it is. Called from whatever thread does the work.
pub(crate) type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// Writes a release to the spare slot; gives what stands there.
///
/// # Errors
/// Nothing was changed that runs; what was fetched stays in the slot, and the next try goes on from there.
pub(crate) async fn stage(
    node: &Node,
    request: &StageRequest,
    tell: &Tell,
) -> anyhow::Result<StagedRelease> {
    if let Some(pending) = node.pending()? {
        bail!(
            "release {} is on trial: the other slot is needed until it is confirmed",
            pending.release.version
        );
    }
    let repository = open(node, &request.source).await?;
    let staged = stage_from(node, &repository, request, tell).await;
    staged.map_err(|error| {
        if is_stick_without_releases(node, &request.source) {
            eprintln!("staging broke off: {error:#}");
            anyhow!("the USB stick was pulled out while its release was read: plug it in again, and it goes on where it was")
        } else {
            error
        }
    })
}

async fn stage_from(
    node: &Node,
    repository: &Repository,
    request: &StageRequest,
    tell: &Tell,
) -> anyhow::Result<StagedRelease> {
    let version = choose(node, repository, request)?;
    let manifest = repository.manifest(&version, arch()?).await?;
    refuse_failed(node, &manifest, request.again)?;
    let index = Arc::new(repository.index(&version, arch()?).await?);
    let running = node.running_root();
    let running = running.map(|(path, identity)| Seed { path, identity });
    let release = (&version, manifest.arch);
    let staging = Staging {
        node,
        repository,
        manifest: &manifest,
        origin: origin(repository, release, File::Root, running).await,
        tell,
    };
    let boot_file = staging.boot_file().await?;
    staging.refuse_what_is_of_no_use(&boot_file).await?;
    staging.make_room(&boot_file)?;
    let brought = staging.root(&index, &boot_file).await?;
    let digest = staging.program(&boot_file).await?;
    let staged = staging.record(&digest, brought)?;
    keep_only(&staging.folder(), &[]);
    Ok(staged)
}

fn refuse_failed(node: &Node, manifest: &Manifest, again: bool) -> anyhow::Result<()> {
    let record = node.record();
    match record.failure(&manifest.root_hash.to_string()) {
        Some(failed) if !again => bail!(
            "release {} failed on this node before: {}. `--again` tries it once more",
            failed.version,
            failed.why.join("; ")
        ),
        _ => Ok(()),
    }
}

/// What a boot loader starts, as a file of a release.
const fn file(program: Program) -> File {
    match program {
        Program::Uki => File::Uki,
        Program::Image => File::Boot,
    }
}

/// A release on its way into the spare slot.
struct Staging<'a> {
    node: &'a Node,
    repository: &'a Repository,
    manifest: &'a Manifest,
    origin: Origin,
    tell: &'a Tell,
}

impl Staging<'_> {
    /// What the machine's boot loader starts.
    async fn boot_file(&self) -> anyhow::Result<BootFile<'_>> {
        let (program, path) = {
            let mounted = self.node.boot_partition()?;
            let boot = self.node.boot_loader(&mounted);
            let entry: EntryName = self.node.running.entry.parse()?;
            // Without it there is the whole file.
            let path = boot.program_of(&entry).ok().flatten();
            (file(boot.program()), path)
        };
        let from = (self.repository, self.manifest);
        let running = match path {
            Some(path) => running(self.node, from, program, path).await,
            None => None,
        };
        BootFile::of(from, program, running, self.folder()).await
    }

    /// A release that the firmware would not start, or that cannot open the node's encrypted state, must not cost the other slot:
    /// where there is such a thing, the boot file comes first.
    async fn refuse_what_is_of_no_use(&self, boot_file: &BootFile<'_>) -> anyhow::Result<()> {
        let (signed, key) = (secure_boot::is_on(self.node)?, self.node.sealing_key());
        if !signed && key.is_none() {
            return Ok(());
        }
        let uki = self.bring(boot_file).await?;
        if signed {
            let (node, uki) = (self.node.clone(), uki.clone());
            let version = self.manifest.version.to_string();
            let look = move || {
                let mounted = node.boot_partition()?;
                secure_boot::refuse(&node, &node.boot_loader(&mounted), &version, &uki)
            };
            tokio::task::spawn_blocking(look).await??;
        }
        match key {
            Some(key) => state_policy::check(&key, &uki),
            None => Ok(()),
        }
    }

    /// Brings the boot file to the state partition, where it lies whole then; gives its path.
    async fn bring(&self, boot_file: &BootFile<'_>) -> anyhow::Result<PathBuf> {
        let node = self.node.clone();
        boot_file
            .bring(move || node.boot_partition(), &self.teller())
            .await
    }

    /// Takes away what the spare slot was good for, and sees that there is room for what the boot loader starts.
    fn make_room(&self, boot_file: &BootFile<'_>) -> anyhow::Result<()> {
        let mut record = self.node.record();
        let mounted = self.node.boot_partition()?;
        let boot = self.node.boot_loader(&mounted);
        let running: EntryName = self.node.running.entry.parse()?;
        boot.keep_only(&[&running])?;
        boot.check_room(boot_file.facts.size)?;
        if record.staged.take().is_some() | record.previous.take().is_some() {
            self.node.store_record(&record)?;
        }
        Ok(())
    }

    /// Brings the root image into the slot, and proves that it stands there.
    async fn root(
        &self,
        index: &Arc<BlockIndex>,
        boot_file: &BootFile<'_>,
    ) -> anyhow::Result<Brought> {
        let device = self.node.spare()?;
        let slot = Arc::new(SpareSlot::open(&device, index.length())?);
        let folder = self.folder();
        let release = (&self.manifest.version, self.manifest.arch);
        let delta = self.origin.delta.as_ref();
        let delta = delta.map(|delta| delta.download(&folder));
        let kept: Vec<_> = delta.into_iter().chain(boot_file.downloads()).collect();
        keep_only(&folder, &kept);
        let bring = Bring {
            repository: self.repository,
            release,
            root_hash: self.manifest.root_hash,
            data_size: self.manifest.data_size,
            index,
            slot: &slot,
            folder: &folder,
            origin: &self.origin,
            tell: &self.teller(),
        };
        bring.run().await
    }

    /// Puts what the boot loader starts where it waits to become an entry; gives its digest.
    async fn program(&self, boot_file: &BootFile<'_>) -> anyhow::Result<String> {
        let facts = boot_file.facts;
        let sha256 = facts.digest.to_string();
        let name = EntryName::of_version(&self.manifest.version.to_string())?;
        let tell = self.teller();
        // It lies there whole before the partition is mounted for it: that is open for as short as it can be.
        let path = self.bring(boot_file).await?;
        let mut file = std::fs::File::open(path)?;
        let mounted = self.node.boot_partition()?;
        let mut writing = self.node.boot_loader(&mounted).begin(&name, facts.size)?;
        let (mut piece, mut done) = (vec![0; PIECE], 0);
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                break;
            }
            idle(writing.write(&piece[..length])?).await;
            done += length as u64;
            tell("boot files", done, facts.size);
        }
        writing.finish(&sha256)?;
        Ok(sha256)
    }

    fn record(&self, program_sha256: &str, brought: Brought) -> anyhow::Result<StagedRelease> {
        let version = self.manifest.version.to_string();
        println!(
            "release {version} stands in slot {}; {brought}",
            self.node.spare_slot()
        );
        let mut record = self.node.record();
        record.add(event(&version, Happened::Staged, vec![brought.to_string()]));
        let staged = StagedRelease {
            release: SlotRelease {
                entry: EntryName::of_version(&version)?.to_string(),
                slot: self.node.spare_slot(),
                root_hash: self.manifest.root_hash.to_string(),
                version,
                kubernetes: Some(self.manifest.kubernetes.clone()),
            },
            uki_sha256: program_sha256.to_owned(),
            root_size: self.manifest.data_size,
            brought: Some(brought),
        };
        record.staged = Some(staged.clone());
        self.node.store_record(&record)?;
        Ok(staged)
    }

    /// Where files lie while they are fetched.
    fn folder(&self) -> PathBuf {
        self.node.path(paths::UPGRADE).join("fetched")
    }

    fn teller(&self) -> TellStep {
        let (tell, version) = (self.tell.clone(), self.manifest.version.to_string());
        Arc::new(move |step, done, total| {
            tell(Progress {
                version: version.clone(),
                step: step.to_owned(),
                done,
                total,
            });
        })
    }
}
