//! `holdfast release publish`.

use super::wait::wait_for;
use crate::lifetime::SigningTimes;
use crate::out;
use clap::ValueEnum;
use jiff::Timestamp;
use release::publish::{Publication, publish};
use release::{Severity, Version};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the repository; made if it is not there
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// Folder of the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// The UKI of a build: holdfast_VERSION_ARCH.efi
    #[arg(long, value_name = "FILE")]
    uki: PathBuf,
    /// The boot image of the same build, if it made one: holdfast_VERSION_ARCH.boot
    #[arg(long, value_name = "FILE")]
    boot_image: Option<PathBuf>,
    /// The root image of the same build: holdfast_VERSION_ARCH.root
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// The manifest of the same build: holdfast_VERSION_ARCH.manifest.json
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The bill of materials of the same build
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// The channel to give it out in
    #[arg(long, value_name = "NAME")]
    channel: String,
    /// Percentage of the channel's nodes that take it; 0 holds it back from all
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    rollout: u8,
    /// Not before this time, as in 2026-10-01T22:00:00Z
    #[arg(long, value_name = "TIME")]
    not_before: Option<Timestamp>,
    /// How much it matters
    #[arg(long, value_enum)]
    severity: Option<SeverityName>,
    /// What is new, in one line
    #[arg(long, value_name = "TEXT")]
    changelog: Option<String>,
    /// The oldest version that may upgrade to it
    #[arg(long, value_name = "VERSION")]
    min_version: Option<Version>,
    /// Newer releases may go back to it, when somebody asks for that
    #[arg(long)]
    allow_downgrade: bool,
    /// Make deltas of the root image from so many releases before it: a node that runs one of them fetches less
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    deltas: usize,
    #[command(flatten)]
    times: SigningTimes,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SeverityName {
    Normal,
    Important,
    Security,
}

impl SeverityName {
    const fn severity(self) -> Severity {
        match self {
            SeverityName::Normal => Severity::Normal,
            SeverityName::Important => Severity::Important,
            SeverityName::Security => Severity::Security,
        }
    }
}

pub(super) fn run(args: Args, now: Timestamp) -> anyhow::Result<()> {
    let asked = Publication {
        repo: args.repo,
        keys: args.keys,
        uki: args.uki,
        boot_image: args.boot_image,
        root: args.root,
        manifest: args.manifest,
        sbom: args.sbom,
        channel: args.channel,
        rollout: args.rollout,
        not_before: args.not_before,
        severity: args.severity.map(SeverityName::severity),
        changelog: args.changelog,
        min_version: args.min_version,
        downgrade: args.allow_downgrade,
        deltas: args.deltas,
        lifetimes: args.times.lifetimes(),
    };
    let published = wait_for(publish(&asked, now))??;
    let (version, arch) = (&published.version, published.arch);
    let (channel, rollout) = (&asked.channel, asked.rollout);
    for from in &published.deltas {
        out::line(format_args!("made the delta from {from}"))?;
    }
    match published.changed {
        true => out::line(format_args!(
            "{version} for {arch} is in channel {channel} for {rollout}% of its nodes"
        )),
        false => out::line(format_args!(
            "{version} for {arch} was published so already: nothing was changed"
        )),
    }
}
