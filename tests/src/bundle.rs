//! A bundle for a stick, made with the command as a person makes it.

use crate::artefacts::{base, command, next_release, printed, releases, root};
use crate::workload::archive;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bundle, and the key that vouches for it.
#[derive(Debug)]
pub struct Bundle {
    /// The folder for a stick, or the image of one.
    pub path: PathBuf,
    /// The public key, as `bundles.signers` has it.
    pub signer: String,
}

/// Makes a bundle below `at`: the probe's image, this manifest, the next release; in a folder, or behind the image of `board`.
///
/// # Errors
/// When it cannot be made.
pub fn bundle(at: &Path, manifest: &str, board: Option<&str>) -> anyhow::Result<Bundle> {
    bundle_with(at, manifest, board, &[])
}

/// As [`bundle`], with the images of more archives.
///
/// # Errors
/// When it cannot be made.
pub fn bundle_with(
    at: &Path,
    manifest: &str,
    board: Option<&str>,
    archives: &[PathBuf],
) -> anyhow::Result<Bundle> {
    let below = |name: &str| -> anyhow::Result<PathBuf> {
        let path = at.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    };
    let (manifests, repository) = (below("manifests")?, below("repository")?);
    let path = match board {
        None => below("bundle")?,
        Some(_) => at.join("bundle.img"),
    };
    fs::write(manifests.join("probe.yaml"), manifest)?;
    let (repository, key) = (text(&repository), text(&at.join("bundle.pem")));
    printed("tar", &["-xf", &text(&releases()?), "-C", &repository])?;
    printed(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-out", &key],
    )?;
    let mut making = Command::new(command()?);
    making.args(["bundle", "--name", "stores", "--key", &key, "--output"]);
    making.arg(&path);
    if let Some(board) = board {
        making.arg("--image").arg(base(board)?);
    }
    for archive in archives.iter().chain([&archive()?]) {
        making.arg("--image-archive").arg(archive);
    }
    making.arg("--manifests").arg(&manifests);
    making.args([
        "--release",
        &next_release()?,
        "--repo",
        &repository,
        "--root",
    ]);
    making.arg(root().join("build/release-keys/root.json"));
    let made = making.output().context("cannot run holdfast")?;
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    ensure!(
        made.status.success(),
        "holdfast bundle: {said}{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let signer = said.split('"').find(|part| part.starts_with("ed25519:"));
    let signer = signer
        .with_context(|| format!("no key in {said:?}"))?
        .to_owned();
    Ok(Bundle { path, signer })
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
