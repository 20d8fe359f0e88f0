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

use crate::bring::{Bring, TellStep};
use crate::download::{Download, keep_only};
use crate::node::{Node, event};
use crate::origin::{Origin, Seed, origin};
use crate::slot::SpareSlot;
use anyhow::{Context, anyhow, bail};
use disk::verity::RootHash;
use init_api::{SlotRelease, paths};
use release::{
    Arch, BlockIndex, Client, File, Manifest, Repository, Source, Trust, Version, target_name,
};
use slots::{EntryName, Program};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use upgrade_api::{Brought, Happened, Offer, Progress, StageRequest, StagedRelease, Wanted};

/// So many bytes of a boot file are in memory at once.
const PIECE: usize = 1 << 20;

/// Who hears how far it is. Called from whatever thread does the work.
pub(crate) type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// What the repository at `source` has for this node, the newest first.
///
/// # Errors
/// It cannot be read, or is not to be trusted.
pub(crate) async fn check(node: &Node, source: &str) -> anyhow::Result<Vec<Offer>> {
    let repository = open(node, source).await?;
    let record = node.record();
    let (running, id) = (node.running.version.parse()?, node.id());
    let about = about(node, &running, &id, false);
    let now = jiff::Timestamp::now();
    let given = |channel: &String| {
        let wanted = release::Wanted::Channel(channel.clone());
        let choice = repository.choose(&wanted, &about, now).ok();
        choice.map(|choice| choice.release.version)
    };
    let offers = repository.releases().iter().map(|release| {
        let wanted = release::Wanted::Version(release.version.clone());
        let failed =
            |failed: &&upgrade_api::FailedRelease| failed.version == release.version.to_string();
        let not_because = match repository.choose(&wanted, &about, now) {
            Err(why) => Some(why.to_string()),
            Ok(_) => record
                .failed
                .iter()
                .find(failed)
                .map(|failed| format!("it failed on this node: {}", failed.why.join("; "))),
        };
        Offer {
            version: release.version.to_string(),
            channels: release.channels.keys().cloned().collect(),
            given_by: release
                .channels
                .keys()
                .filter(|channel| given(channel).as_ref() == Some(&release.version))
                .cloned()
                .collect(),
            not_because,
            changelog: release.changelog.clone(),
        }
    });
    Ok(offers.collect())
}

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
    let version = choose(node, &repository, request)?;
    let manifest = repository.manifest(&version, arch()?).await?;
    refuse_failed(node, &manifest, request.again)?;
    let index = Arc::new(repository.index(&version, arch()?).await?);
    let running = node.running_root();
    let running = running.map(|(path, root_hash)| Seed { path, root_hash });
    let staging = Staging {
        node,
        repository: &repository,
        manifest: &manifest,
        origin: origin(&repository, (&version, manifest.arch), running).await,
        tell,
    };
    let program = staging.make_room()?;
    let brought = staging.root(&index, program).await?;
    let digest = staging.program(program).await?;
    let staged = staging.record(&digest, brought)?;
    keep_only(&staging.folder(), &[]);
    Ok(staged)
}

async fn open(node: &Node, source: &str) -> anyhow::Result<Repository> {
    let source: Source = source.parse()?;
    if let Source::Folder(folder) = &source
        && folder == Path::new(paths::STICK_RELEASES)
        && !folder.exists()
    {
        bail!(
            "no USB stick with a release is plugged into this node: it needs the label HOLDFAST and what `holdfast bundle --release` puts on it"
        );
    }
    let path = node.path(paths::RELEASE_ROOT);
    let root = std::fs::read(&path).map_err(|_| {
        anyhow!(
            "this image trusts no release keys, so it cannot be upgraded: build images with --release-root (docs/releases.md)"
        )
    })?;
    let trust = Trust::kept(node.path(paths::RELEASE_TRUST), root);
    let now = jiff::Timestamp::now();
    Ok(Client::new().open(&source, &trust, now).await?)
}

fn arch() -> anyhow::Result<Arch> {
    let name = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    Ok(name.parse()?)
}

fn about<'a>(
    node: &'a Node,
    running: &'a Version,
    id: &'a str,
    allow_downgrade: bool,
) -> release::Node<'a> {
    release::Node {
        running,
        kubernetes: node.running.kubernetes.as_deref(),
        arch: arch().unwrap_or(Arch::Amd64),
        id,
        allow_downgrade,
    }
}

fn choose(node: &Node, repository: &Repository, request: &StageRequest) -> anyhow::Result<Version> {
    let wanted = match &request.wanted {
        Wanted::Version(version) => release::Wanted::Version(version.parse()?),
        Wanted::Channel(channel) => release::Wanted::Channel(channel.clone()),
    };
    let (running, id) = (node.running.version.parse()?, node.id());
    let now = jiff::Timestamp::now();
    let about = about(node, &running, &id, request.allow_downgrade);
    let choice = repository.choose(&wanted, &about, now)?;
    Ok(choice.release.version)
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
    /// Takes away what the spare slot was good for, and sees that there is room for what the boot loader starts; gives which file of
    /// the release that is.
    fn make_room(&self) -> anyhow::Result<File> {
        let mut record = self.node.record();
        let mounted = self.node.boot_partition()?;
        let boot = self.node.boot_loader(&mounted);
        let running: EntryName = self.node.running.entry.parse()?;
        let program = file(boot.program());
        boot.keep_only(&[&running])?;
        boot.check_room(self.facts(program)?.size)?;
        if record.staged.take().is_some() | record.previous.take().is_some() {
            self.node.store_record(&record)?;
        }
        Ok(program)
    }

    /// Brings the root image into the slot, and proves that it stands there.
    async fn root(&self, index: &Arc<BlockIndex>, program: File) -> anyhow::Result<Brought> {
        let device = self.node.spare()?;
        let slot = Arc::new(SpareSlot::open(&device, index.length())?);
        let folder = self.folder();
        let release = (&self.manifest.version, self.manifest.arch);
        let delta = self.origin.delta.as_ref();
        let delta = delta.map(|delta| Download::of(&folder, &delta.name, delta.facts));
        let target = self.target(program);
        let program = Download::of(&folder, &target, self.facts(program)?);
        let kept: Vec<_> = delta.iter().chain([&program]).collect();
        keep_only(&folder, &kept);
        let bring = Bring {
            repository: self.repository,
            release,
            root_hash: self.manifest.root_hash,
            index,
            slot: &slot,
            folder: &folder,
            origin: &self.origin,
            tell: &self.teller(),
        };
        let brought = bring.run().await?;
        let root = RootHash(self.manifest.root_hash.0);
        let data_size = self.manifest.data_size;
        self.teller()("verify", 0, index.length());
        let verified = move || {
            slot.flush()?;
            slot.verify(data_size, &root)
        };
        tokio::task::spawn_blocking(verified).await??;
        Ok(brought)
    }

    /// Puts what the boot loader starts where it waits to become an entry; gives its digest.
    async fn program(&self, file: File) -> anyhow::Result<String> {
        let facts = self.facts(file)?;
        let sha256 = facts.digest.to_string();
        let name = EntryName::of_version(&self.manifest.version.to_string())?;
        let tell = self.teller();
        // Fetched whole before the partition is mounted: it is open for as short as it can be.
        let (folder, target) = (self.folder(), self.target(file));
        let download = Download::of(&folder, &target, facts);
        let fetching = |done, total| tell("fetch boot files", done, total);
        download.run(self.repository, &fetching).await?;
        let mut file = std::fs::File::open(download.path())?;
        let mounted = self.node.boot_partition()?;
        let mut writing = self.node.boot_loader(&mounted).begin(&name, facts.size)?;
        let (mut piece, mut done) = (vec![0; PIECE], 0);
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                break;
            }
            tokio::time::sleep(writing.write(&piece[..length])?).await;
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

    fn facts(&self, file: File) -> anyhow::Result<release::FileFacts> {
        let facts = self.manifest.files.get(&file).copied();
        facts.with_context(|| {
            format!("the release has no {file}, which this machine's firmware starts: it is not one for this board")
        })
    }

    fn target(&self, file: File) -> String {
        target_name(&self.manifest.version, self.manifest.arch, file)
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
