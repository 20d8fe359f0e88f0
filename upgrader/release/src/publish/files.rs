//! The files of a release: copied under their digests, and put on the list.

use super::books::{put, write};
use super::error::PublishError;
use super::input::{self, Input};
use crate::format::{Arch, Digest, File, FileFacts, Version, target_name};
use crate::targets::path_with_digest;
use std::fs;
use std::path::Path;
use tough::schema::Targets;

/// Copies what is not there, and puts it on the list; tells whether anything was not.
pub(super) fn add_files(
    repo: &Path,
    targets: &mut Targets,
    input: Input,
) -> Result<bool, PublishError> {
    let Input {
        mut manifest,
        index,
        files,
    } = input;
    let (version, arch) = (manifest.version.clone(), manifest.arch);
    let place = |file, facts: FileFacts| {
        repo.join(path_with_digest(
            &target_name(&version, arch, file),
            facts.digest,
        ))
    };
    for (file, _, facts) in &files {
        unchanged(targets, &version, arch, *file, *facts)?;
        manifest.files.insert(*file, *facts);
    }
    // A bill that was published stays on the manifest when it is not given again.
    if let Some(sbom) = listed(targets, &target_name(&version, arch, File::Sbom)) {
        manifest.files.insert(File::Sbom, sbom);
    }
    let index = index.encode();
    manifest.files.insert(File::Blocks, facts_of(&index));
    let text = manifest.raw().encode();
    // All of this before the first file is copied: what is refused leaves nothing in a folder that is given out to the world.
    let own = [(File::Blocks, index), (File::Manifest, text)];
    for (file, content) in &own {
        unchanged(targets, &version, arch, *file, facts_of(content))?;
    }
    let mut changed = false;
    for (file, from, facts) in &files {
        copy(from, &place(*file, *facts), *facts)?;
        changed |= put(targets, &target_name(&version, arch, *file), *facts)?;
    }
    for (file, content) in own {
        let facts = facts_of(&content);
        write(&place(file, facts), &content)?;
        changed |= put(targets, &target_name(&version, arch, file), facts)?;
    }
    Ok(changed)
}

/// What was published never changes: a node that has half of it must find the other half.
fn unchanged(
    targets: &Targets,
    version: &Version,
    arch: Arch,
    file: File,
    facts: FileFacts,
) -> Result<(), PublishError> {
    match listed(targets, &target_name(version, arch, file)) {
        Some(former) if former != facts => Err(PublishError::Changed {
            version: version.to_string(),
            what: format!("{file} for {arch}"),
        }),
        _ => Ok(()),
    }
}

pub(super) fn listed(targets: &Targets, name: &str) -> Option<FileFacts> {
    let found = targets
        .targets
        .iter()
        .find(|(target, _)| target.raw() == name);
    found.and_then(|(_, target)| {
        Some(FileFacts {
            size: target.length,
            digest: Digest::from_slice(&target.hashes.sha256)?,
        })
    })
}

pub(super) fn copy(from: &Path, to: &Path, facts: FileFacts) -> Result<(), PublishError> {
    if to.exists() && input::facts(to)? == facts {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(PublishError::write(folder))?;
    let mut source = fs::File::open(from).map_err(PublishError::read(from))?;
    host::file::write_stream(to, 0o644, &mut source).map_err(PublishError::write(to))?;
    match input::facts(to)? == facts {
        true => Ok(()),
        false => Err(PublishError::Value {
            what: "a file of the release",
            why: "it changed while it was copied",
        }),
    }
}

/// Size and digest of bytes.
pub(super) fn facts_of(content: &[u8]) -> FileFacts {
    FileFacts {
        size: content.len() as u64,
        digest: Digest::of(content),
    }
}
