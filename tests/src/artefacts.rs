//! What scenarios take from the build and where they leave things.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail, ensure};

/// The board whose image is under test.
pub(crate) const BOARD: &str = "qemu-x86_64";

/// The top of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The private key that signs what a TPM measures of the images under test; `tools/release-keys` makes it.
pub(crate) fn pcr_key() -> PathBuf {
    root().join("build/pcr-keys/pcr.pem")
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

/// The image of `board` that was built beside the image under test, for scenarios on that board's hardware.
///
/// # Errors
/// When there is none, with how to build one.
fn image_of(board: &str) -> anyhow::Result<PathBuf> {
    let image = image()?;
    if board == BOARD {
        return Ok(image);
    }
    let other = beside(&image, board)?;
    ensure!(
        other.is_file(),
        "{} does not exist; build it with `make image BOARD={board}`",
        other.display()
    );
    Ok(other)
}

/// The repository of releases that was published beside the image under test, as a tar.
///
/// # Errors
/// When there is none, with how to make one.
pub fn releases() -> anyhow::Result<PathBuf> {
    let archive = image()?.with_file_name("releases.tar");
    ensure!(
        archive.is_file(),
        "{} does not exist; make it with `make images`",
        archive.display()
    );
    Ok(archive)
}

/// The repository of the same release for ARM64, as a folder.
///
/// # Errors
/// When there is none, with how to make one.
pub fn releases_for_arm64() -> anyhow::Result<PathBuf> {
    let folder = root().join("build/releases-arm64");
    ensure!(
        folder.is_dir(),
        "{} does not exist; make it with `tools/cross-image`",
        folder.display()
    );
    Ok(folder)
}

/// The image of the first release, as a machine has it that was flashed then.
///
/// # Errors
/// When there is none, with how to make one.
pub fn first_release() -> anyhow::Result<PathBuf> {
    let image = root().join("build/first-release/holdfast_0.1.0_qemu-x86_64.img");
    ensure!(
        image.is_file(),
        "{} does not exist; make it with `tools/first-release image`",
        image.display()
    );
    Ok(image)
}

/// The version of the release in [`releases`].
///
/// # Errors
/// When nobody wrote it down.
pub fn next_release() -> anyhow::Result<String> {
    let file = image()?.with_file_name("releases.version");
    let version = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}; make it with `make images`", file.display()))?;
    Ok(version.trim().to_owned())
}

/// The name that the image of `board` has where that of [`BOARD`] is `image`.
fn beside(image: &Path, board: &str) -> anyhow::Result<PathBuf> {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let other = name.replace(&format!("_{BOARD}."), &format!("_{board}."));
    ensure!(
        other != name,
        "{} is not called as the builder calls an image of {BOARD}, so that of {board} beside it cannot be found",
        image.display()
    );
    Ok(image.with_file_name(other))
}

/// The folder for machines of this run. The first call takes it for this process: two runs in one checkout would end
/// each other's machines.
///
/// # Errors
/// When another run has it.
pub(crate) fn machines() -> anyhow::Result<PathBuf> {
    static LOCK: OnceLock<Result<File, String>> = OnceLock::new();
    let folder = root().join("build/vm-tests");
    match LOCK.get_or_init(|| lock(&folder).map_err(|error| format!("{error:#}"))) {
        Ok(_) => Ok(folder.join("machines")),
        Err(reason) => bail!("{reason}"),
    }
}

/// Locks `folder` until this process ends.
fn lock(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join("lock");
    let lock = File::create(&file).with_context(|| format!("cannot open {}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "scenarios are running already in this checkout ({} is locked); wait for their end",
                file.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", file.display()))
        }
    }
}

/// Where failed scenarios leave their traces.
pub(crate) fn failures() -> PathBuf {
    root().join("build/vm-failures")
}

/// The commit under test, and whether something was changed since: `HOLDFAST_COMMIT`, else the checkout's.
///
/// # Errors
/// When git does not know.
pub fn commit() -> anyhow::Result<String> {
    if let Ok(commit) = std::env::var("HOLDFAST_COMMIT") {
        return Ok(commit);
    }
    let head = printed("git", &["rev-parse", "--short=12", "HEAD"])?;
    let arguments = ["status", "--porcelain", "--untracked-files=no", "--"];
    let changed = printed(
        "git",
        &[&arguments[..], &[":!docs/test-report.md"]].concat(),
    )?;
    Ok(if changed.is_empty() {
        head
    } else {
        format!("{head}, with changes that are not committed")
    })
}

/// What a program prints, run in the checkout.
///
/// # Errors
/// When it cannot be run, or fails.
pub fn printed(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .current_dir(root())
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command `holdfast`, built.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn command() -> anyhow::Result<PathBuf> {
    printed("tools/build-rust", &["holdfast"])?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/holdfast"))
}

/// Where scenarios leave their verdicts.
#[must_use]
pub fn records() -> PathBuf {
    root().join("build/vm-tests/records")
}

/// A copy of the board's image that no build can change while machines stand on it, made once a run.
pub(crate) fn base(board: &str) -> anyhow::Result<PathBuf> {
    static BASES: Mutex<BTreeMap<String, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
    // A scenario that panicked in here has left nothing half done behind.
    let mut bases = BASES.lock().unwrap_or_else(PoisonError::into_inner);
    let copied = bases
        .entry(board.to_owned())
        .or_insert_with(|| copy_base(board).map_err(|error| format!("{error:#}")));
    match copied {
        Ok(base) => Ok(base.clone()),
        Err(reason) => bail!("{reason}"),
    }
}

fn copy_base(board: &str) -> anyhow::Result<PathBuf> {
    let image = image_of(board)?;
    let folder = root().join("build/vm-tests");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let built = image.metadata().and_then(|data| data.modified());
    let built = built.with_context(|| format!("cannot read the age of {}", image.display()))?;
    let age = built.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Named by the image's age: a run beside this one, of the same image, stands on the same copy.
    let base = folder.join(format!("base-{board}-{}.img", age.as_millis()));
    if base.exists() {
        return Ok(base);
    }
    let fresh = folder.join(format!("fresh-{}", std::process::id()));
    let mut copy = if image
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        let mut zstd = Command::new("zstd");
        zstd.args(["-d", "-q", "-f", "-o"]).arg(&fresh).arg(&image);
        zstd
    } else {
        let mut cp = Command::new("cp");
        cp.args(["--sparse=always", "--reflink=auto"])
            .arg(&image)
            .arg(&fresh);
        cp
    };
    let status = copy.status().context("cannot copy the image")?;
    ensure!(
        status.success(),
        "cannot copy {} to {}: {status}",
        image.display(),
        fresh.display()
    );
    std::fs::rename(&fresh, &base).with_context(|| format!("cannot write {}", base.display()))?;
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_while_the_first_goes_on() {
        let folder = std::env::temp_dir().join(format!("vm-tests-lock-{}", std::process::id()));
        let first = lock(&folder).unwrap();
        let refused = lock(&folder).unwrap_err().to_string();
        assert!(refused.contains("running already"), "{refused}");
        drop(first);
        lock(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_image_of_another_board_stands_beside_the_one_under_test() {
        let found = beside(Path::new("out/holdfast_1_qemu-x86_64.img"), "nuc").unwrap();
        assert_eq!(found, Path::new("out/holdfast_1_nuc.img"));
        let error = beside(Path::new("out/mine.img"), "nuc").unwrap_err();
        assert!(error.to_string().contains("out/mine.img"), "{error}");
    }
}
