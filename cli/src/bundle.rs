//! `holdfast bundle`: what nodes without internet need, onto a stick.

mod bootable;
mod brought;

use crate::input;
use crate::out;
use crate::release::{read_root, source, wait_for};
use crate::signing_key;
use anyhow::{Context, bail, ensure};
use bootable::Bootable;
use brought::Brought;
use bundle::{Name, PrivateKey};
use bundle_maker::{Made, Order, Platform, ReleaseOrder, make, parse_list};
use jiff::Timestamp;
use release::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Room for many thousands of names.
const LARGEST_LIST: u64 = 4 << 20;

/// Put a release, images and manifests onto a stick, for nodes without internet
///
/// The stick needs a file system that nodes read (FAT32, exFAT or ext4) and the label HOLDFAST. Every image that the manifests name must
/// be in the bundle. Without --key nobody vouches for images and manifests, and only nodes that say so take them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The mounted stick, or a folder whose content is copied to one; with --image the file of the new image
    #[arg(long, short, value_name = "DIR|FILE")]
    output: PathBuf,
    /// Make a bootable stick of this image (.img, .img.zst): flashed, it installs as `install` in --config says, and brings the bundle
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// On a node, a bundle takes the place of an earlier one of the same name
    #[arg(long, value_name = "NAME", default_value = "site")]
    name: Name,
    /// A release to bring; may be given more than once. Of a newer one only the change to an older one is put onto the stick, where
    /// the repository has that
    #[arg(long, value_name = "VERSION", requires_all = ["repo", "root"])]
    release: Vec<Version>,
    /// Folder or address of the releases' repository
    #[arg(long, value_name = "DIR|URL", requires = "release")]
    repo: Option<String>,
    /// The root to begin with, as images have it
    #[arg(long, value_name = "FILE", requires = "release")]
    root: Option<PathBuf>,
    /// A list of images, one in each line; they come from their registries
    #[arg(long, value_name = "FILE")]
    images: Option<PathBuf>,
    /// An archive whose images are all brought: an OCI image layout (folder or tar), or what `docker save` wrote
    #[arg(long, value_name = "FILE|DIR")]
    image_archive: Vec<PathBuf>,
    /// Folder of Kubernetes manifests
    #[arg(long, value_name = "DIR")]
    manifests: Option<PathBuf>,
    /// An image that manifests may name although the bundle has it not
    #[arg(long, value_name = "IMAGE")]
    allow_missing: Vec<String>,
    /// Puts this file onto the stick as config.yaml; it is checked first
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the images and the release are for: amd64, arm64; may be given twice
    #[arg(long, value_name = "PLATFORM", default_value = "amd64")]
    platform: Vec<Platform>,
    /// The ed25519 key, PKCS#8, that vouches for images and manifests
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A registry that is asked without TLS, as in localhost:5000
    #[arg(long, value_name = "HOST:PORT")]
    plain_http: Vec<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = match &args.config {
        None => None,
        Some(path) => match Brought::read(path, args.image.is_some())? {
            Ok(brought) => Some(brought),
            Err(code) => return Ok(code),
        },
    };
    let name = args.name.clone();
    let bootable = match &args.image {
        None => None,
        Some(image) => {
            let config = config.as_ref().map(|brought| &brought.file);
            Some(Bootable::open(image, &args.output, config, &args.platform)?)
        }
    };
    let order = match &bootable {
        None => order(args, config)?,
        // Its configuration is on the CONFIG partition.
        Some(bootable) => Order {
            output: bootable.bundle(),
            config: None,
            ..order(args, config)?
        },
    };
    if order.images.is_empty()
        && order.archives.is_empty()
        && order.manifests.is_none()
        && order.releases.is_none()
    {
        bail!("nothing to bring: give --images, --image-archive, --manifests or --release");
    }
    let signer = order.key.as_ref().map(PrivateKey::public);
    let mut say = |step: &str| crate::out::tell!("  {step}");
    let made = wait_for(make(&order, Timestamp::now(), &mut say))??;
    if let Some(bootable) = &bootable {
        say("writing the image");
        bootable.write()?;
    }
    let place = bootable.as_ref().map_or(&order.output, |it| &it.output);
    out::line(told(&name, place, &order, &made))?;
    match signer {
        Some(key) => out::line(format_args!(
            "signed by {key}; nodes take it with\n  bundles:\n    signers: [\"{key}\"]"
        ))?,
        None if made.images + made.manifests > 0 => out::line(
            "not signed: only nodes with `bundles: {unsigned: true}` take its images and manifests",
        )?,
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn told(name: &Name, place: &Path, order: &Order, made: &Made) -> String {
    let mut text = format!(
        "bundle {name} is in {}: {} images, {} manifests, {:.1} MB",
        place.display(),
        made.images,
        made.manifests,
        made.bytes as f64 / 1e6
    );
    if let (Some(releases), Some(expires)) = (&order.releases, made.expires) {
        let versions: Vec<_> = releases.versions.iter().map(Version::to_string).collect();
        let word = match versions.len() {
            1 => "release",
            _ => "releases",
        };
        let versions = versions.join(", ");
        text += &format!("; {word} {versions}, whose signatures count until {expires}");
    }
    text
}

fn order(args: Args, config: Option<Brought>) -> anyhow::Result<Order> {
    let images = match &args.images {
        Some(path) => list(path)?,
        None => BTreeSet::new(),
    };
    let versions: BTreeSet<_> = args.release.into_iter().collect();
    let releases = match (&args.repo, &args.root) {
        (Some(repo), Some(root)) if !versions.is_empty() => Some(ReleaseOrder {
            source: source(repo)?,
            root: read_root(root)?,
            versions,
        }),
        _ => None,
    };
    let key = args.key.as_deref().map(signing_key::read).transpose()?;
    let missing = args.allow_missing.join("\n");
    let (config, config_manifests) = match config {
        Some(brought) => (Some(brought.file), brought.manifests),
        None => (None, BTreeMap::new()),
    };
    Ok(Order {
        output: args.output,
        name: args.name,
        images,
        archives: args.image_archive,
        allowed_missing: parse_list(Path::new("--allow-missing"), &missing)?,
        manifests: args.manifests,
        platforms: args.platform.into_iter().collect(),
        releases,
        key,
        config,
        config_manifests,
        largest_file: bundle::LARGEST_FILE,
        plain_http: args.plain_http,
    })
}

/// A list of images. One without a name in it is another file than was meant, or not written yet.
fn list(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    let text = input::small(path, LARGEST_LIST, "list of images")?;
    let text = String::from_utf8(text)
        .with_context(|| format!("{} is no list of images: save it as UTF-8", path.display()))?;
    let images = parse_list(path, &text)?;
    ensure!(
        !images.is_empty(),
        "{} names no image: write a name in each line, or leave --images out",
        path.display()
    );
    Ok(images)
}
