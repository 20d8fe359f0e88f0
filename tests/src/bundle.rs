//! A bundle for a stick, made with the command as a person makes it.

use crate::artefacts::{command, next_release, printed, releases, root};
use crate::workload::archive;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bundle in a folder, and the key that vouches for it.
#[derive(Debug)]
pub struct Bundle {
    /// What a stick gets.
    pub folder: PathBuf,
    /// The public key, as `bundles.signers` has it.
    pub signer: String,
}

/// Makes a bundle below `at`: the probe's image, this manifest, the next release.
///
/// # Errors
/// When it cannot be made.
pub fn bundle(at: &Path, manifest: &str) -> anyhow::Result<Bundle> {
    let below = |name: &str| -> anyhow::Result<PathBuf> {
        let path = at.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    };
    let (folder, manifests, repository) =
        (below("bundle")?, below("manifests")?, below("repository")?);
    fs::write(manifests.join("probe.yaml"), manifest)?;
    let (repository, key) = (text(&repository), text(&at.join("bundle.pem")));
    printed("tar", &["-xf", &text(&releases()?), "-C", &repository])?;
    printed(
        "openssl",
        &["genpkey", "-algorithm", "ed25519", "-out", &key],
    )?;
    let mut making = Command::new(command()?);
    making.args(["bundle", "--name", "stores", "--key", &key, "--output"]);
    making.arg(&folder).arg("--image-archive").arg(archive()?);
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
    Ok(Bundle { folder, signer })
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
