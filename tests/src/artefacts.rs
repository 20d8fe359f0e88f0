//! What scenarios take from the build and where they leave things.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, bail, ensure};

/// The top of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The image that `HOLDFAST_IMAGE` names, else the newest one of board qemu-x86_64 in `build/out`.
///
/// # Errors
/// When there is none, with how to build one.
pub fn image() -> anyhow::Result<PathBuf> {
    if let Some(image) = std::env::var_os("HOLDFAST_IMAGE").map(PathBuf::from) {
        ensure!(
            image.is_file(),
            "HOLDFAST_IMAGE={} does not exist; build it with `make image`",
            image.display()
        );
        return Ok(image);
    }
    let out = root().join("build/out");
    let newest = std::fs::read_dir(&out).ok().and_then(|entries| {
        entries
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .ends_with("_qemu-x86_64.img")
            })
            .max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok())
    });
    newest
        .map(|entry| entry.path())
        .with_context(|| format!("no image in {}; build one with `make image`", out.display()))
}

/// The folder for machines of this run; each run begins with an empty one.
pub(crate) fn machines() -> PathBuf {
    root().join("build/vm-tests/machines")
}

/// Where failed scenarios leave their traces.
pub(crate) fn failures() -> PathBuf {
    root().join("build/vm-failures")
}

/// Where scenarios leave their verdicts.
#[must_use]
pub fn records() -> PathBuf {
    root().join("build/vm-tests/records")
}

/// A copy of the image that no build can change while machines stand on it, made once a run.
pub(crate) fn base() -> anyhow::Result<&'static Path> {
    static BASE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BASE.get_or_init(|| copy_base().map_err(|error| format!("{error:#}"))) {
        Ok(base) => Ok(base),
        Err(reason) => bail!("{reason}"),
    }
}

fn copy_base() -> anyhow::Result<PathBuf> {
    let image = image()?;
    let folder = root().join("build/vm-tests");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let base = folder.join("base.img");
    let mut copy = match image
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        true => Command::new("zstd"),
        false => Command::new("cp"),
    };
    match image
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        true => copy.args(["-d", "-q", "-f", "-o"]).arg(&base).arg(&image),
        false => copy
            .args(["--sparse=always", "--reflink=auto"])
            .arg(&image)
            .arg(&base),
    };
    let status = copy.status().context("cannot copy the image")?;
    ensure!(
        status.success(),
        "cannot copy {} to {}: {status}",
        image.display(),
        base.display()
    );
    Ok(base)
}
