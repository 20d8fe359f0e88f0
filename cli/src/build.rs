//! `holdfast build`: images from this checkout.

use anyhow::Context;
use builder::{Built, Options, Patterns, PcrKey, Progress, Project, Relock, SecureBoot, megabytes};
use clap::Subcommand;
use node_setup::policy::{OwnConfig, Policy, UsbStick};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Build the flashable image of a board.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Writes to the output folder (build/out):\n  \
    holdfast_VERSION_BOARD.img.zst          the image to flash, with dd, balenaEtcher or Raspberry Pi Imager\n  \
    holdfast_VERSION_BOARD.img.zst.sha256   its digest, for sha256sum -c\n  \
    holdfast_VERSION_BOARD.img              the same, not compressed, for virtual machines\n  \
    holdfast_VERSION_BOARD.spdx.json        every package, module and crate inside (SPDX)\n  \
    holdfast_VERSION_ARCH.efi, .root, .manifest.json   the release, for `holdfast release publish`\n\n\
    Every step is kept below build/cache by its inputs; what has not changed is not made again. The same checkout gives\n\
    the same image, bit for bit. Root is not needed. Debian packages come from the mirror of this machine's apt."
)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The board: a file of board-support/boards
    #[arg(long, default_value = "qemu-x86_64")]
    board: String,
    /// A config.yaml to bake in, checked first; without it the image carries a commented sample
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the image goes [default: build/out in the checkout]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Version of the release
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// Debian mirror to use instead of the one of this machine's apt: its URL, which ends in /debian
    #[arg(long, value_name = "URL", global = true)]
    mirror: Option<String>,
    /// Private key (PEM) to sign boot loader and kernel with, for UEFI Secure Boot
    #[arg(long, value_name = "FILE", requires = "secure_boot_cert")]
    secure_boot_key: Option<PathBuf>,
    /// Certificate (PEM) of that key, enrolled in the machine's firmware
    #[arg(long, value_name = "FILE", requires = "secure_boot_key")]
    secure_boot_cert: Option<PathBuf>,
    /// Private RSA key (PEM) to sign what a TPM measures of the kernel with: encrypted state opens after releases that are signed by
    /// it alone. Keep it, and build all releases of a fleet with the same
    #[arg(long, value_name = "FILE")]
    pcr_key: Option<PathBuf>,
    /// Root of the release repository that the image trusts, from `holdfast keys init`; without it nodes take no releases
    #[arg(long, value_name = "FILE")]
    release_root: Option<PathBuf>,
    /// Which sources of configuration the image believes: a YAML file with config, usb_stick, command_line, config_url, config_signers
    #[arg(long, value_name = "FILE")]
    config_policy: Option<PathBuf>,
    /// Folder of programs that are built already (init, pause, holdfast, engine, …); those it lacks are built
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Make the files of the release only, for `holdfast release publish`, and no image to flash
    #[arg(long)]
    release_only: bool,
    /// Processors to use [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Time of the release in seconds since 1970 [default: the last commit's]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    source_date_epoch: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take today's versions of all Debian packages: resolves buildroot/packages.toml and writes buildroot/lock
    Lock {
        /// Architectures to resolve for
        #[arg(long = "arch", value_name = "ARCH", default_values = ["amd64", "arm64"])]
        archs: Vec<String>,
        /// Architectures of machines that build: what runs there is locked for each
        #[arg(long = "host", value_name = "ARCH", default_values = ["amd64", "arm64"])]
        hosts: Vec<String>,
        /// Change these packages alone, `*` stands for any letters: --only 'linux-*' [default: all]
        #[arg(long, value_name = "PACKAGES")]
        only: Vec<String>,
    },
    /// Build the Kubernetes engine alone, to build/engine/ARCH; what has not changed is not built again
    Engine {
        /// Architecture to build for: amd64, arm64
        #[arg(long, value_name = "ARCH", default_value = "amd64")]
        arch: String,
    },
}

/// Runs `holdfast build`.
///
/// # Errors
/// Whatever stopped it, with what to do about it.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let here = std::env::current_dir().context("cannot find out the current folder")?;
    let project = Project::find(&here)?;
    let progress = Progress::detect();
    match args.action {
        Some(Action::Lock { archs, hosts, only }) => {
            let wish = Relock {
                archs: &archs,
                hosts: &hosts,
                mirror: args.mirror.as_deref(),
                only: Patterns::new("--only", &only)?,
            };
            let changes = builder::relock(&project, &wish, progress)?;
            changes
                .iter()
                .for_each(|change| crate::out::say!("{change}"));
            crate::out::say!("{} changes in buildroot/lock", changes.len());
        }
        Some(Action::Engine { arch }) => {
            let folder = builder::build_engine(&project, &arch)?;
            crate::out::say!("{}", shown(&folder, &here));
        }
        None => {
            let options = options(&project, args)?;
            crate::out::tell!("holdfast {} for {}", options.version, options.board);
            print(&builder::build(&project, &options, progress)?, &here);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn options(project: &Project, args: Args) -> anyhow::Result<Options> {
    let policy = args.config_policy.as_deref().map(policy).transpose()?;
    if let (Some(policy), Some(config)) = (&policy, &args.config) {
        signed_as_asked(policy, config)?;
    }
    let config_must_be_signed = policy.as_ref().is_some_and(must_be_signed);
    // Who may not ask by a stick may not at the keyboard either.
    let maintenance_entry = policy
        .as_ref()
        .is_none_or(|policy| policy.usb_stick == UsbStick::Allow);
    let config_policy = policy.as_ref().map(serde_json::to_vec).transpose()?;
    Ok(Options {
        board: args.board,
        version: args.version,
        config: args.config,
        output: args.output.unwrap_or_else(|| project.out()),
        mirror: args.mirror,
        secure_boot: args
            .secure_boot_key
            .zip(args.secure_boot_cert)
            .map(|(key, certificate)| SecureBoot { key, certificate }),
        pcr_key: args.pcr_key.map(PcrKey::new),
        programs: args.programs,
        release_only: args.release_only,
        jobs: args.jobs.map(usize::from),
        release_root: args.release_root,
        config_policy,
        config_must_be_signed,
        maintenance_entry,
        source_date_epoch: args.source_date_epoch,
    })
}

fn must_be_signed(policy: &Policy) -> bool {
    policy.config == OwnConfig::Signed
}

/// What is baked in must be believed by the image that it is in.
fn signed_as_asked(policy: &Policy, config: &Path) -> anyhow::Result<()> {
    let text = crate::config::read(config)?;
    let beside = crate::config::beside(config);
    let signatures = beside.is_file().then(|| std::fs::read(&beside)).transpose();
    let signatures = signatures.with_context(|| format!("cannot read {}", beside.display()))?;
    policy
        .own_believed(&text, signatures.as_deref(), &beside.display().to_string())
        .with_context(|| format!("{} is not baked in", config.display()))
}

/// A policy about configuration, checked.
fn policy(path: &Path) -> anyhow::Result<Policy> {
    let cannot = || format!("{} is no policy about configuration", path.display());
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    serde_saphyr::from_str(&text).with_context(cannot)
}

fn print(built: &Built, here: &Path) {
    if let Some(flashed) = &built.flashed {
        let size = megabytes(flashed.image_size);
        crate::out::say!("{}  {size}", shown(&flashed.image, here));
    }
    crate::out::say!(
        "  root {}, UKI {}, verity {}",
        megabytes(built.root_size),
        megabytes(built.uki_size),
        built.root_hash
    );
    if let Some(flashed) = &built.flashed {
        crate::out::say!("  for virtual machines: {}", shown(&flashed.raw, here));
    }
    let upgrade = &built.upgrade;
    crate::out::say!("  for a release repository:");
    let programs = std::iter::once(&upgrade.uki).chain(&upgrade.boot);
    for path in programs.chain([&upgrade.root, &upgrade.manifest]) {
        crate::out::say!("    {}", shown(path, here));
    }
}

fn shown(path: &Path, here: &Path) -> String {
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}
