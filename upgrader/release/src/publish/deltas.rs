//! Deltas from releases before the one that is published: of the root image, and of what boot loaders start.
//!
//! Each is tried before it is put on the list: what comes out of it is the release's file, byte by byte.

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
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tough::schema::Targets;

/// How hard zstd tries; measured, see docs/design/deltas.md.
const LEVEL: i32 = 19;

/// The release that is published.
pub(super) struct New<'a> {
    pub(super) manifest: &'a Manifest,
    /// Its files; of those that are not there no delta is made.
    pub(super) files: &'a [(File, PathBuf, FileFacts)],
}

/// Adds deltas from the last `count` releases before this one for the same architecture; tells from which some were made. One that is
/// listed already is not made again, and one that saves less than a tenth of the file is left out.
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
        let mut some = false;
        for file in File::WITH_DELTAS {
            if let Some(pair) = Pair::of(file, &old, new) {
                some |= add_one(repo, targets, new.manifest, &pair)?;
            }
        }
        made.extend(some.then_some(version));
    }
    Ok(made)
}

/// Whether there is one now that was not.
fn add_one(
    repo: &Path,
    targets: &mut Targets,
    new: &Manifest,
    pair: &Pair,
) -> Result<bool, PublishError> {
    let name = delta_name(&new.version, new.arch, &pair.header.from);
    if listed(targets, &name).is_some() {
        return Ok(false);
    }
    let path = temporary(repo)?;
    let made = one(&path, pair).and_then(|facts| {
        if facts.size > pair.header.length / 10 * 9 {
            return Ok(false);
        }
        copy(
            &path,
            &repo.join(path_with_digest(&name, facts.digest)),
            facts,
        )?;
        put(targets, &name, facts)?;
        Ok(true)
    });
    // Of no use whether it went well or not.
    let _ = fs::remove_file(&path);
    made
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

/// A release to begin with.
struct Old {
    manifest: Manifest,
    files: BTreeMap<File, PathBuf>,
}

impl Old {
    /// None if its manifest was taken out of the repository. Other files may be gone, too.
    fn read(
        repo: &Path,
        targets: &Targets,
        version: &Version,
        arch: Arch,
    ) -> Result<Option<Old>, PublishError> {
        let there = |file| {
            let name = target_name(version, arch, file);
            let facts = listed(targets, &name)?;
            let path = repo.join(path_with_digest(&name, facts.digest));
            path.exists().then_some((path, facts))
        };
        let Some((path, facts)) = there(File::Manifest) else {
            return Ok(None);
        };
        let text = fs::read(&path).map_err(PublishError::read(&path))?;
        if Digest::of(&text) != facts.digest {
            return Err(PublishError::Value {
                what: "the manifest of a release before",
                why: "it is not what was signed",
            });
        }
        let manifest =
            Manifest::parse(&text).map_err(|source| PublishError::Manifest { path, source })?;
        let files = File::WITH_DELTAS.into_iter();
        let files = files.filter_map(|file| Some((file, there(file)?.0)));
        Ok(Some(Old {
            manifest,
            files: files.collect(),
        }))
    }
}

/// The same file of two releases.
struct Pair {
    header: DeltaHeader,
    older: PathBuf,
    newer: PathBuf,
}

impl Pair {
    /// None if one of them has no such file.
    fn of(file: File, old: &Old, new: &New<'_>) -> Option<Pair> {
        let (_, newer, facts) = new.files.iter().find(|(is, ..)| *is == file)?;
        Some(Pair {
            header: DeltaHeader {
                from: old.manifest.identity(file)?,
                to: new.manifest.identity(file)?,
                length: facts.size,
            },
            older: old.files.get(&file)?.clone(),
            newer: newer.clone(),
        })
    }
}

fn temporary(repo: &Path) -> Result<PathBuf, PublishError> {
    fs::create_dir_all(repo).map_err(PublishError::write(repo))?;
    Ok(repo.join(".delta.part"))
}

/// Makes a delta and applies it.
fn one(path: &Path, pair: &Pair) -> Result<FileFacts, PublishError> {
    let header = &pair.header;
    let older = fs::read(&pair.older).map_err(PublishError::read(&pair.older))?;
    let newer = fs::read(&pair.newer).map_err(PublishError::read(&pair.newer))?;
    write(path, header, &older, &newer).map_err(PublishError::write(path))?;
    drop(older);
    let file = fs::File::open(path).map_err(PublishError::read(path))?;
    let seed = fs::File::open(&pair.older).map_err(PublishError::read(&pair.older))?;
    let same = Delta::open(BufReader::new(file), seed, header)
        .map_err(|error| io::Error::other(error.to_string()))
        .and_then(|mut made| gives(&mut made, &newer))
        .map_err(PublishError::read(path))?;
    match same {
        true => input::facts(path),
        false => Err(PublishError::Value {
            what: "a delta",
            why: "it does not give the release's file: this is a bug, publish with --deltas 0",
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
