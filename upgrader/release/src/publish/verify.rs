//! Reading a repository whole, as its owner should before nodes do.

use crate::client::Client;
use crate::error::Error;
use crate::format::{Arch, BLOCK_SIZE, BlockIndex, Digest, File, Version, target_name};
use crate::repository::Repository;
use crate::source::Source;
use crate::trust::Trust;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// What was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Releases.
    pub releases: usize,
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// When the first signature expires.
    pub expires: Timestamp,
}

/// Reads every byte of a repository: signatures, digests, block indices, and whether list, manifests and files say the same.
/// `at` hears of each file before it is read.
///
/// # Errors
/// The first thing that is wrong.
pub async fn verify(
    client: &Client,
    source: &Source,
    root: &[u8],
    now: Timestamp,
    mut at: impl FnMut(&str),
) -> Result<Checked, Error> {
    let repository = client.open(source, &Trust::fleeting(root), now).await?;
    let mut images = BTreeSet::new();
    for release in repository.releases().iter() {
        for arch in &release.archs {
            images.insert(whole(&repository, &release.version, *arch, &mut at).await?);
        }
    }
    let mut checked = Checked {
        releases: repository.releases().iter().count(),
        files: 0,
        bytes: 0,
        expires: repository.expires(),
    };
    for (name, facts) in repository.files() {
        if !images.contains(name) {
            at(name);
            repository.check(name).await?;
        }
        checked.files += 1;
        checked.bytes += facts.size;
    }
    Ok(checked)
}

/// One release: its manifest, and its root image by the block index and by its digest. Gives the image's name.
async fn whole(
    repository: &Repository,
    version: &Version,
    arch: Arch,
    at: &mut impl FnMut(&str),
) -> Result<String, Error> {
    repository.manifest(version, arch).await?;
    let index = repository.index(version, arch).await?;
    let name = target_name(version, arch, File::Root);
    at(&name);
    let mut pieces = repository.stream(&name, 0..index.length()).await?;
    let mut blocks = Blocks::of(&index, &name);
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.try_next().await? {
        blocks.take(&piece)?;
        hasher.update(&piece);
    }
    blocks.end()?;
    match repository.facts(&name)?.digest == Digest(hasher.finalize().into()) {
        true => Ok(name),
        false => Err(Error::WrongBytes { what: name }),
    }
}

/// Cuts a stream into blocks and checks each.
struct Blocks<'a> {
    index: &'a BlockIndex,
    name: &'a str,
    number: usize,
    block: Vec<u8>,
}

impl<'a> Blocks<'a> {
    fn of(index: &'a BlockIndex, name: &'a str) -> Blocks<'a> {
        Blocks {
            index,
            name,
            number: 0,
            block: Vec::with_capacity(BLOCK_SIZE as usize),
        }
    }

    fn take(&mut self, mut piece: &[u8]) -> Result<(), Error> {
        while !piece.is_empty() {
            let room = BLOCK_SIZE as usize - self.block.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.block.extend_from_slice(now);
            piece = later;
            if self.block.len() == BLOCK_SIZE as usize {
                self.check()?;
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), Error> {
        if !self.index.is_block(self.number, &self.block) {
            return Err(Error::WrongBytes {
                what: format!("{}, block {}", self.name, self.number),
            });
        }
        self.number += 1;
        self.block.clear();
        Ok(())
    }

    fn end(mut self) -> Result<(), Error> {
        match self.block.is_empty() {
            true => Ok(()),
            false => self.check(),
        }
    }
}
