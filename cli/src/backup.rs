//! `holdfast backup`: this node in one encrypted file.

mod last;
pub(crate) mod name;
pub(crate) mod place;
pub(crate) mod schedule;

use crate::client::on_a_node;
use crate::config::as_root_on_a_node;
use crate::out;
use anyhow::{Context, anyhow};
use init_api::{Root, paths};
use jiff::Timestamp;
use name::{ENDING, PREFIX};
use os_config::{Config, Recipient};
use place::Place;
use runtime::{Founding, Paths};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Save this node in one encrypted file: the cluster's objects and authorities, identity, configuration
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Encrypted to the public keys in backup.recipients of config.yaml, in the format of age; `holdfast restore` on a freshly \
    flashed machine brings the node back. Images and volumes are not in it."
)]
pub(crate) struct Args {
    /// The folder it is put in, instead of the configuration's backup.to
    #[arg(long, value_name = "FOLDER", conflicts_with = "to_stick")]
    to: Option<PathBuf>,
    /// Put it onto the USB stick: the one with the label HOLDFAST, or the only one
    #[arg(long)]
    to_stick: bool,
    /// Put it into the bucket of the configuration's backup.s3
    #[arg(long, conflicts_with_all = ["to", "to_stick"])]
    to_s3: bool,
    /// Encrypt to this key of age instead of the configuration's; may be repeated
    #[arg(long, value_name = "age1…", value_parser = Recipient::parse)]
    recipient: Vec<Recipient>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    let root = Root::default();
    let config = in_force()?;
    let place = match (&args.to, args.to_stick, args.to_s3) {
        (Some(folder), _, _) => Place::Folder(folder.clone()),
        (None, true, _) => Place::Stick,
        (None, false, true) => Place::bucket(&config)?,
        (None, false, false) => Place::configured(&config)?,
    };
    let recipients = if args.recipient.is_empty() {
        &config.backup.recipients
    } else {
        &args.recipient
    };
    out::line(save(&root, place, recipients, config.backup.keep)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn in_force() -> anyhow::Result<Config> {
    init_api::load(paths::CONFIG).context(
        "cannot read the configuration in force: is the node configured? `holdfast status` shows it",
    )
}

/// Makes a backup in that place, and forgets old ones there; says where it is.
fn save(root: &Root, place: Place, recipients: &[Recipient], keep: u32) -> anyhow::Result<String> {
    let node = Founding::load(&Paths::from(root))?
        .ok_or_else(|| anyhow!("this node has no cluster yet that could be saved"))?;
    let place = place.open(root)?;
    let series = format!("{PREFIX}{}-", node.node_name);
    let now = Timestamp::now();
    let name = format!("{series}{}{ENDING}", now.strftime("%Y%m%dT%H%M%SZ"));
    let path = place.folder().join(&name);
    let partition = Path::new(node_setup::CONFIG_MOUNT);
    let config = ::backup::OwnConfig {
        text: fs::read(partition.join("config.yaml")).ok(),
        signatures: fs::read(partition.join(node_setup::policy::SIGNATURES)).ok(),
    };
    let made = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    ::backup::make(root, config, recipients, made, &path)?;
    let size = fs::metadata(&path).map_or(0, |is| is.len().div_ceil(1024));
    let said = place.finish(&name, size, &series, keep)?;
    last::note(root, now.as_second(), &name)?;
    Ok(said)
}
