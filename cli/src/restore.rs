//! `holdfast restore`: a backup's node on this machine.

use crate::backup::in_force;
use crate::backup::name::{ENDING, PREFIX};
use crate::backup::place::copies;
use crate::client::{connect, on_a_node};
use crate::config::as_root_on_a_node;
use crate::stick::Stick;
use crate::{input, out};
use anyhow::{Context, bail};
use backup::Bucket;
use backup::age::Identity;
use init_api::{Asked, Asker, Down, Request, Root};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// More than any file of keys has.
const LARGEST_KEY: u64 = 64 << 10;
/// What stands before a name on the stick.
const ON_STICK: &str = "usb:";
/// What stands before a name in the bucket.
const IN_BUCKET: &str = "s3:";

/// Make this machine the node of a backup: same cluster, same identity, same configuration
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Meant for a freshly flashed machine. The backup is read to its end and checked before anything changes; the machine \
    restarts, and what it had before is kept in /var/lib/holdfast/before-restore. The machine that was saved must not run any more."
)]
pub(crate) struct Args {
    /// The backup; usb:NAME on the USB stick, s3:NAME in the bucket of backup.s3; without NAME the newest one there
    file: PathBuf,
    /// The file with the private key of age, also as usb:NAME; - for standard input
    #[arg(long, value_name = "KEY")]
    identity: PathBuf,
    /// Keep this machine's config.yaml instead of the backup's
    #[arg(long)]
    keep_config: bool,
    /// Do it; without this, only show what would be done
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    if !args.yes {
        bail!(
            "this replaces the cluster, the identity{} of this machine by those of the backup, and restarts it; say --yes to do it",
            if args.keep_config {
                ""
            } else {
                " and the configuration"
            }
        );
    }
    let on_stick = |path: &Path| path.to_string_lossy().starts_with(ON_STICK);
    let wanted = on_stick(&args.file) || on_stick(&args.identity);
    let root = Root::default();
    let stick = wanted.then(|| Stick::open(&root, false)).transpose()?;
    let folder = stick.as_ref().map(Stick::folder);
    let identity = identity(&located(&args.identity, folder.as_deref())?)?;
    let path = match args.file.to_string_lossy().strip_prefix(IN_BUCKET) {
        Some(name) => fetched(&root, name)?,
        None => located(&args.file, folder.as_deref())?,
    };
    let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let about = backup::unpack(&root, BufReader::new(file), &identity, args.keep_config)
        .with_context(|| format!("{} was not restored; nothing is changed", path.display()))?;
    drop(stick);
    out::line(format_args!(
        "the backup of node {} of {} (release {}, Kubernetes {}) is whole; the machine restarts as this node",
        about.node, about.made, about.release, about.kubernetes
    ))?;
    connect()?.ask(&Request::GoDown {
        down: Down::Reboot,
        asked: Asked::by(Asker::Restore),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn identity(path: &Path) -> anyhow::Result<Identity> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .take(LARGEST_KEY)
            .read_to_end(&mut bytes)
            .context("cannot read the key from standard input")?;
        bytes
    } else {
        input::small(path, LARGEST_KEY, "key")?
    };
    // What is no text holds no key: a backup, for one, where the two were exchanged.
    Identity::parse(&String::from_utf8_lossy(&bytes))
        .with_context(|| format!("the key {} cannot be used", path.display()))
}

/// Where a file is that may be on the stick.
fn located(path: &Path, stick: Option<&Path>) -> anyhow::Result<PathBuf> {
    let text = path.to_string_lossy();
    match (text.strip_prefix(ON_STICK), stick) {
        (Some(""), Some(folder)) => newest(folder),
        (Some(name), Some(folder)) => Ok(folder.join(name)),
        _ => Ok(path.to_owned()),
    }
}

/// A copy of what is in the bucket of the configuration in force. It stays until the next one: a restore that is tried again with
/// another key fetches anew.
fn fetched(root: &Root, name: &str) -> anyhow::Result<PathBuf> {
    let Some(settings) = in_force()?.backup.s3 else {
        bail!("the configuration of this machine names no bucket: `backup.s3` says which")
    };
    let bucket = Bucket::new(&settings)?;
    let name = match name {
        "" => newest_of(bucket.list(PREFIX)?, "the bucket")?,
        name => name.to_owned(),
    };
    if name.contains('/') {
        bail!("{name} is no name of a backup: the folder is that of `backup.s3`");
    }
    let copy = copies(root)?.join(&name);
    bucket.get(&name, &copy)?;
    Ok(copy)
}

fn newest(folder: &Path) -> anyhow::Result<PathBuf> {
    let entries = fs::read_dir(folder).context("cannot list the USB stick")?;
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    Ok(folder.join(newest_of(names.collect(), "the USB stick")?))
}

/// By the times in their names; of several nodes' backups it is not clear which is meant.
fn newest_of(mut names: Vec<String>, place: &str) -> anyhow::Result<String> {
    names.retain(|name| name.starts_with(PREFIX) && name.ends_with(ENDING));
    names.sort_unstable();
    let node = |name: &str| name.rsplit_once('-').map(|(node, _)| node.to_owned());
    match (names.first(), names.last()) {
        (Some(first), Some(last)) if node(first) == node(last) => Ok(last.clone()),
        (Some(_), Some(_)) => bail!(
            "{place} has backups of several nodes; name one of: {}",
            names.join(", ")
        ),
        _ => bail!("{place} has no backup ({PREFIX}…{ENDING}) at its top"),
    }
}

#[cfg(test)]
mod tests {
    use super::{identity, newest};
    use std::fs;

    /// The two files in the wrong order.
    #[test]
    fn what_is_no_key_is_told_as_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.age");
        for (content, expected) in [
            (vec![0xff; 1000], "cannot be used"),
            (vec![b'a'; 70 << 10], "is no key: it has more than 64 KiB"),
        ] {
            fs::write(&path, content).unwrap();
            let said = identity(&path).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn the_newest_of_one_node() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        assert!(newest(folder.path()).is_err());
        for name in ["20261101T000000Z", "20261128T000000Z", "20261102T000000Z"] {
            put(&format!("holdfast-backup-edge-{name}.age"));
        }
        let found = newest(folder.path()).unwrap();
        assert!(found.ends_with("holdfast-backup-edge-20261128T000000Z.age"));
        put("holdfast-backup-edge-2-20261128T000000Z.age");
        assert!(
            newest(folder.path())
                .unwrap_err()
                .to_string()
                .contains("several nodes")
        );
    }
}
