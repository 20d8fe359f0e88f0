//! `holdfast support-bundle`: all that somebody elsewhere needs to see what is wrong with a node, in one file, without a secret.
//!
//! Flow: the table of parts → each is read, hidden secrets blotted out, and put into the archive, which is in memory → the file is
//! written under another name and renamed. A part that cannot be had stands in `index.txt` with the reason. Guarantees: bounded in
//! time, in size and in memory; nothing on the node is changed.

mod archive;
mod collect;
mod found;
mod parts;
mod secrets;

use crate::client::on_a_node;
use crate::config::as_root_on_a_node;
use crate::stick::Stick;
use anyhow::{Context, anyhow};
use host::file;
use init_api::Root;
use jiff::Timestamp;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long all parts together may take.
const LONGEST: Duration = Duration::from_secs(120);
/// Where the file goes unless it is said otherwise: memory, for state may be what is full.
const DEFAULT_FOLDER: &str = "/tmp";

/// Collect logs, versions, events and the state of this node in one file, without secrets
#[derive(Debug, clap::Args)]
#[command(
    after_help = "From a laptop: ssh root@NODE holdfast support-bundle --output - > bundle.tar.gz\n\
    The configuration's secrets are blotted out of everything. Logs of pods are not in it."
)]
pub(crate) struct Args {
    /// The file, or a folder to put it in; - for standard output. Without it, /tmp
    #[arg(short, long, value_name = "FILE|FOLDER", conflicts_with = "to_stick")]
    output: Option<PathBuf>,
    /// Put it onto the USB stick: the one with the label HOLDFAST, or the only one
    #[arg(long)]
    to_stick: bool,
    #[arg(long, hide = true, default_value = "/")]
    root: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = Root::new(&args.root);
    if root == Root::default() {
        on_a_node()?;
        as_root_on_a_node()?;
    }
    // Before anything is collected: whoever forgot the stick hears of it at once.
    let stick = args
        .to_stick
        .then(|| Stick::open(&root, true))
        .transpose()?;
    let now = Timestamp::now();
    let secrets = secrets::of_the_node(&root);
    let deadline = Instant::now() + LONGEST;
    let bundle = archive::make(collect::all(&root, &secrets, deadline), now)
        .context("cannot put the bundle together")?;
    let name = file_name(&root, now);
    if args.output.as_deref() == Some(Path::new("-")) {
        return match io::stdout().lock().write_all(&bundle) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("cannot write to standard output")
            }
            _ => Ok(ExitCode::SUCCESS),
        };
    }
    let path = match (&stick, &args.output) {
        (Some(stick), _) => stick.folder().join(name),
        (None, Some(output)) if !output.is_dir() => output.clone(),
        (None, output) => output
            .as_deref()
            .unwrap_or(Path::new(DEFAULT_FOLDER))
            .join(name),
    };
    write(&path, &bundle)?;
    let size = bundle.len().div_ceil(1024);
    match stick {
        Some(stick) => {
            let device = stick.device().to_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            stick.close()?;
            crate::out::line(format_args!(
                "{name} ({size} KiB) is on the USB stick {device}, which can be pulled out now"
            ))?;
        }
        None => crate::out::line(format_args!("{} ({size} KiB)", path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// All of it or nothing, in a file that only root reads.
fn write(path: &Path, bundle: &[u8]) -> anyhow::Result<()> {
    file::write(path, 0o600, bundle).map_err(|error| {
        let (path, size) = (path.display(), bundle.len().div_ceil(1024));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => anyhow!(
                "there is no room for {path}: the bundle has {size} KiB. Nothing was left behind. Choose another place with \
                 --output, for example /tmp (memory), or a USB stick with --to-stick"
            ),
            _ => anyhow::Error::new(error).context(format!("cannot write {path}")),
        }
    })
}

/// Sorts by node, then by time.
fn file_name(root: &Root, now: Timestamp) -> String {
    let host = fs::read_to_string(root.path("/proc/sys/kernel/hostname")).unwrap_or_default();
    let host: String = host
        .trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let host = if host.is_empty() { "node" } else { &host };
    format!(
        "holdfast-support-{host}-{}.tar.gz",
        now.strftime("%Y%m%dT%H%M%SZ")
    )
}
