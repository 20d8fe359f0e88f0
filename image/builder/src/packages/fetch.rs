//! Gets the locked packages into the cache, each checked against its size and digest.
//!
//! apt's own downloader does the transport: it knows the machine's proxies, credentials and transports, retries, resumes, and
//! checks the digest; what is kept is checked again here.

use super::lock::{Lock, LockedPackage};
use super::mirror::Mirror;
use crate::digest;
use crate::error::{Error, Result};
use crate::file;
use crate::program::Program;
use crate::progress::{Step, megabytes};
use std::path::{Path, PathBuf};

const HELPER: &str = "/usr/lib/apt/apt-helper";
/// Packages for one call of the downloader.
const BATCH: usize = 16;

/// Where a package is kept.
pub(crate) fn place(debs: &Path, package: &LockedPackage) -> PathBuf {
    debs.join(format!("{}_{}.deb", package.name, &package.sha256[..16]))
}

/// Fetches what is missing; `mirror` is asked for only then, so that a full cache builds without a network.
pub(crate) fn fetch(
    lock: &Lock,
    debs: &Path,
    mirror: impl FnOnce() -> Result<Mirror>,
    step: &Step,
) -> Result<()> {
    file::folder(debs)?;
    let missing: Vec<&LockedPackage> = lock
        .packages
        .iter()
        .filter(|package| !is_whole(debs, package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mirror = mirror()?;
    let total: u64 = missing.iter().map(|package| package.size).sum();
    let mut got = 0;
    for batch in missing.chunks(BATCH) {
        step.at(format!("{} of {}", megabytes(got), megabytes(total)));
        download(batch, debs, &mirror)?;
        got += batch.iter().map(|package| package.size).sum::<u64>();
    }
    Ok(())
}

/// Whether the cache has what the lock says. The digest was checked when the file was fetched, and is again: what lies there may have
/// been changed since, and goes into images that are signed. One that is not whole is fetched anew.
fn is_whole(debs: &Path, package: &LockedPackage) -> bool {
    let place = place(debs, package);
    std::fs::metadata(&place).is_ok_and(|meta| meta.len() == package.size)
        && digest::of_file(&place).is_ok_and(|found| found == package.sha256)
}

fn download(batch: &[&LockedPackage], debs: &Path, mirror: &Mirror) -> Result<()> {
    let mut helper = Program::new(HELPER).args([
        "-q",
        "-o",
        "APT::Sandbox::User=",
        "-o",
        "Acquire::Retries=3",
        "download-file",
    ]);
    for package in batch {
        let url = format!(
            "{}/{}",
            mirror.url(package.archive),
            package.path.replace('+', "%2b").replace('~', "%7e")
        );
        helper = helper
            .arg(url)
            .arg(partial(debs, package))
            .arg(format!("SHA256:{}", package.sha256));
    }
    helper.stdout().map_err(|error| explain(error, batch))?;
    for package in batch {
        let partial = partial(debs, package);
        let found = digest::of_file(&partial)?;
        if found != package.sha256 {
            return Err(Error::Wrong(format!(
                "{} {} came with digest {found}, the lock says {}: the mirror is damaged or not to be trusted",
                package.name, package.version, package.sha256
            )));
        }
        let place = place(debs, package);
        std::fs::rename(&partial, &place).map_err(Error::write(&place))?;
    }
    Ok(())
}

fn partial(debs: &Path, package: &LockedPackage) -> PathBuf {
    place(debs, package).with_extension("part")
}

/// A version that is gone from the mirror is the usual failure; apt says only "404".
fn explain(error: Error, batch: &[&LockedPackage]) -> Error {
    let Error::Program { stderr, .. } = &error else {
        return error;
    };
    let gone: Vec<String> = batch
        .iter()
        .filter(|package| {
            let name = package.path.rsplit('/').next().unwrap_or_default();
            let escaped = name.replace('+', "%2b").replace('~', "%7e");
            let failed = |line: &&str| line.contains(name) || line.contains(&escaped);
            stderr.contains("404")
                && stderr
                    .lines()
                    .filter(|line| line.starts_with("E:"))
                    .any(|line| failed(&line))
        })
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    if gone.is_empty() {
        return error;
    }
    Error::Wrong(format!(
        "the mirror no longer has {}: Debian has moved on; run `holdfast build lock` to take today's versions, or name a mirror that keeps old ones with --mirror",
        gone.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::lock::Archive;

    fn crun(size: u64, sha256: String) -> LockedPackage {
        LockedPackage {
            name: "crun".into(),
            version: "1.21-1".into(),
            arch: "amd64".into(),
            archive: Archive::Debian,
            path: "pool/main/c/crun/crun_1.21-1_amd64.deb".into(),
            size,
            sha256,
        }
    }

    #[test]
    fn what_was_changed_in_the_cache_is_not_used() {
        let folder = tempfile::tempdir().expect("folder");
        let package = crun(4, digest::of_bytes(b"good"));
        let place = place(folder.path(), &package);
        for (content, whole) in [(&b"good"[..], true), (b"evil", false), (b"goo", false)] {
            std::fs::write(&place, content).expect("written");
            assert_eq!(is_whole(folder.path(), &package), whole, "{content:?}");
        }
        std::fs::remove_file(&place).expect("removed");
        assert!(!is_whole(folder.path(), &package));
    }

    #[test]
    fn a_version_that_is_gone_is_named_with_its_cure() {
        let package = crun(1, "0".repeat(64));
        let failure = |stderr: &str| Error::Program {
            line: "apt-helper".into(),
            status: "100".into(),
            stderr: stderr.into(),
        };
        let gone = explain(
            failure(
                "E: Failed to fetch http://m.test/pool/main/c/crun/crun_1.21-1_amd64.deb  404  Not Found",
            ),
            &[&package],
        );
        assert!(
            gone.to_string().contains("no longer has crun 1.21-1")
                && gone.to_string().contains("holdfast build lock"),
            "{gone}"
        );
        let other = explain(failure("E: Could not connect"), &[&package]);
        assert!(other.to_string().contains("Could not connect"), "{other}");
    }
}
