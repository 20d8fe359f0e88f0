//! The container image that the scenarios run, made by themselves from one static program.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use formats::oci::{Content, Entry, Image};

use crate::artefacts::root;
use crate::programs::compile;

/// The image's name; nothing by that name can be pulled from anywhere.
pub const PROBE_IMAGE: &str = "holdfast.test/probe:1";

/// The image's archive on the host, made once a run.
///
/// # Errors
/// When the program cannot be compiled.
pub fn archive() -> anyhow::Result<PathBuf> {
    static ARCHIVE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match ARCHIVE.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(archive) => Ok(archive.clone()),
        Err(reason) => bail!("the probe's image: {reason}"),
    }
}

fn build() -> anyhow::Result<PathBuf> {
    let program = compile("probe")?;
    let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    let archive = program.with_extension("tar");
    image_of_one_file(&archive, PROBE_IMAGE, ("probe", 0o755), bytes)?;
    Ok(archive)
}

/// Writes the archive of an image that has one file, at its top, and starts that.
fn image_of_one_file(
    archive: &Path,
    name: &str,
    (path, mode): (&str, u16),
    bytes: Vec<u8>,
) -> anyhow::Result<()> {
    let file =
        File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
    let image = Image {
        name: name.to_owned(),
        architecture: "amd64".to_owned(),
        entries: vec![Entry {
            path: path.to_owned(),
            mode: mode.into(),
            content: Content::File(bytes),
        }],
        entrypoint: vec![format!("/{path}")],
        env: Vec::new(),
    };
    image.write(file).context("cannot write the archive")?;
    Ok(())
}

/// The archive of an image `holdfast.test/ballast-NUMBER:1` with so many bytes that nothing makes smaller, in `folder`.
///
/// # Errors
/// When it cannot be written.
pub fn ballast(folder: &Path, number: usize, size: u64) -> anyhow::Result<PathBuf> {
    let mut bytes = Vec::new();
    File::open("/dev/urandom")
        .and_then(|file| file.take(size).read_to_end(&mut bytes))
        .context("cannot read /dev/urandom")?;
    let path = folder.join(format!("ballast-{number}.tar"));
    let name = format!("holdfast.test/ballast-{number}:1");
    image_of_one_file(&path, &name, ("ballast", 0o644), bytes)?;
    Ok(path)
}

/// The program on the host, for a node to run without a container.
///
/// # Errors
/// When it cannot be compiled.
pub fn program() -> anyhow::Result<PathBuf> {
    archive()?;
    Ok(root().join("build/vm-tests/probe"))
}

/// A Deployment `probe` that serves a file of a persistent volume, its Service, and the claim.
#[must_use]
pub fn manifest() -> String {
    include_str!("probe.yaml").replace("IMAGE", PROBE_IMAGE)
}

/// A pod without limits that runs a script of the node's own shell. `image` is the node's system image; `/scratch` is the pod's
/// own. The script has no quotation marks.
#[must_use]
pub fn hostile_manifest(name: &str, image: &str, script: &str) -> String {
    let template = include_str!("hostile.yaml").replace("NAME", name);
    template.replace("IMAGE", image).replace("SCRIPT", script)
}

/// So many pods of a ReplicaSet, as [`hostile_manifest`] makes one.
#[must_use]
pub fn hostile_pods_manifest(name: &str, count: u32, image: &str, script: &str) -> String {
    let template = include_str!("hostile_pods.yaml").replace("NAME", name);
    let template = template.replace("COUNT", &count.to_string());
    template.replace("IMAGE", image).replace("SCRIPT", script)
}

/// A pod `eater` that asks for so many bytes of memory and takes them. `image` is the node's system image.
#[must_use]
pub fn eater_manifest(image: &str, bytes: u64) -> String {
    let template = include_str!("eater.yaml").replace("BYTES", &bytes.to_string());
    template.replace("IMAGE", image)
}

/// A pod `asker` that waits, with the node's programs and the token of its service account. `image` is the node's system image.
#[must_use]
pub fn asker_manifest(image: &str) -> String {
    include_str!("asker.yaml").replace("IMAGE", image)
}

/// A pod `farewell` that nobody owns, runs a shell of the node's under the runtime's AppArmor profile, and writes to
/// `/var/lib/farewell/by` on the node when it starts, when its hook runs, when TERM comes and when it ends. `image` is the
/// node's system image.
#[must_use]
pub fn farewell_manifest(image: &str) -> String {
    include_str!("farewell.yaml").replace("IMAGE", image)
}
