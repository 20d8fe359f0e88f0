//! Deltas from releases before the one that is published.
//!
//! Each is tried before it is put on the list: what comes out of it is the release's root image, byte by byte.

use super::books::put;
use super::error::PublishError;
use super::files::{copy, listed};
use super::input;
use crate::delta::{Delta, WINDOW_LOG};
use crate::format::{
    Arch, DeltaHeader, Digest, File, FileFacts, Manifest, Releases, Version, delta_name,
    target_name,
};
use crate::targets::path_with_digest;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tough::schema::Targets;

/// How hard zstd tries; measured, see docs/design/deltas.md.
const LEVEL: i32 = 19;

/// The release that is published.
pub(super) struct New<'a> {
    pub(super) manifest: &'a Manifest,
    /// Its root image.
    pub(super) root: &'a Path,
}

/// Adds deltas from the last `count` releases before this one for the same architecture; tells which were made. One that is listed
/// already is not made again, and one that saves less than a tenth of the image is left out.
pub(super) fn add(
    repo: &Path,
    targets: &mut Targets,
    releases: &Releases,
    new: &New<'_>,
    count: usize,
) -> Result<Vec<Version>, PublishError> {
    let mut made = Vec::new();
    for version in before(releases, new.manifest, count) {
        let Some(old) = Old::read(repo, targets, &version, new.manifest.arch)? else {
            continue;
        };
        let name = delta_name(&new.manifest.version, new.manifest.arch, &old.root_hash);
        if listed(targets, &name).is_some() {
            continue;
        }
        let path = temporary(repo)?;
        let made_one = one(&path, &old, new).and_then(|facts| {
            let size = new.manifest.files.get(&File::Root).map(|root| root.size);
            if size.is_none_or(|size| facts.size > size / 10 * 9) {
                return Ok(());
            }
            copy(
                &path,
                &repo.join(path_with_digest(&name, facts.digest)),
                facts,
            )?;
            put(targets, &name, facts)?;
            made.push(version);
            Ok(())
        });
        // Of no use whether it went well or not.
        let _ = fs::remove_file(&path);
        made_one?;
    }
    Ok(made)
}

/// The releases to begin with, the newest first.
fn before(releases: &Releases, new: &Manifest, count: usize) -> Vec<Version> {
    let older = releases
        .iter()
        .filter(|release| release.version < new.version && release.archs.contains(&new.arch));
    older
        .map(|release| release.version.clone())
        .take(count)
        .collect()
}

/// An image to begin with.
struct Old {
    path: PathBuf,
    root_hash: Digest,
}

impl Old {
    /// None if its files were taken out of the repository.
    fn read(
        repo: &Path,
        targets: &Targets,
        version: &Version,
        arch: Arch,
    ) -> Result<Option<Old>, PublishError> {
        let file = |file| {
            let name = target_name(version, arch, file);
            let facts = listed(targets, &name)?;
            let path = repo.join(path_with_digest(&name, facts.digest));
            path.exists().then_some((path, facts))
        };
        let (Some((manifest, facts)), Some((path, _))) = (file(File::Manifest), file(File::Root))
        else {
            return Ok(None);
        };
        let text = fs::read(&manifest).map_err(PublishError::read(&manifest))?;
        if Digest::of(&text) != facts.digest {
            return Err(PublishError::Value {
                what: "the manifest of a release before",
                why: "it is not what was signed",
            });
        }
        let manifest = Manifest::parse(&text).map_err(|source| PublishError::Manifest {
            path: manifest,
            source,
        })?;
        Ok(Some(Old {
            path,
            root_hash: manifest.root_hash,
        }))
    }
}

fn temporary(repo: &Path) -> Result<PathBuf, PublishError> {
    fs::create_dir_all(repo).map_err(PublishError::write(repo))?;
    Ok(repo.join(".delta.part"))
}

/// Makes a delta and applies it.
fn one(path: &Path, old: &Old, new: &New<'_>) -> Result<FileFacts, PublishError> {
    let root = new.manifest.files.get(&File::Root);
    let header = DeltaHeader {
        from: old.root_hash,
        to: new.manifest.root_hash,
        length: root.map_or(0, |root| root.size),
    };
    let older = fs::read(&old.path).map_err(PublishError::read(&old.path))?;
    let newer = fs::read(new.root).map_err(PublishError::read(new.root))?;
    write(path, &header, &older, &newer).map_err(PublishError::write(path))?;
    drop(older);
    let file = fs::File::open(path).map_err(PublishError::read(path))?;
    let seed = fs::File::open(&old.path).map_err(PublishError::read(&old.path))?;
    let same = Delta::open(BufReader::new(file), seed, &header)
        .map_err(|error| io::Error::other(error.to_string()))
        .and_then(|mut made| gives(&mut made, &newer))
        .map_err(PublishError::read(path))?;
    match same {
        true => input::facts(path),
        false => Err(PublishError::Value {
            what: "a delta",
            why: "it does not give the release's root image: this is a bug, publish with --deltas 0",
        }),
    }
}

fn write(path: &Path, header: &DeltaHeader, older: &[u8], newer: &[u8]) -> io::Result<()> {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    let mut file = BufWriter::new(options.open(path)?);
    file.write_all(&header.encode())?;
    let mut encoder = zstd::Encoder::new(file, LEVEL)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.include_checksum(true)?;
    bidiff::simple_diff(older, newer, &mut encoder)?;
    encoder.finish()?.flush()
}

/// Whether a stream has these bytes and no more.
fn gives(stream: &mut dyn Read, expected: &[u8]) -> io::Result<bool> {
    let mut block = Vec::new();
    let mut rest = expected;
    loop {
        block.clear();
        let mut next = (&mut *stream).take(1 << 20);
        if next.read_to_end(&mut block)? == 0 {
            return Ok(rest.is_empty());
        }
        match rest.strip_prefix(&block[..]) {
            Some(left) => rest = left,
            None => return Ok(false),
        }
    }
}
