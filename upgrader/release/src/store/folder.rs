//! Files of a repository in a folder.

use super::pieces::Pieces;
use crate::error::Error;
use bytes::Bytes;
use futures_util::stream;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes that are read at once.
const PIECE: u64 = 64 << 10;

pub(super) async fn whole(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unreadable(path, source)),
    };
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes).await;
    read.map_err(|source| unreadable(path, source))?;
    match bytes.len() as u64 > limit {
        true => Err(Error::Endless {
            what: path.display().to_string(),
            limit,
        }),
        false => Ok(Some(bytes)),
    }
}

pub(super) async fn part(path: &Path, length: u64, range: Range<u64>) -> Result<Pieces, Error> {
    let mut file = File::open(path)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::Missing(path.display().to_string()),
            _ => unreadable(path, source),
        })?;
    let facts = file.metadata().await;
    let found = facts.map_err(|source| unreadable(path, source))?.len();
    if found != length {
        return Err(Error::Size {
            what: path.display().to_string(),
            found,
            signed: length,
        });
    }
    let sought = file.seek(SeekFrom::Start(range.start)).await;
    sought.map_err(|source| unreadable(path, source))?;
    let reading = Reading {
        path: path.to_owned(),
        file,
        left: range.end - range.start,
    };
    Ok(Box::pin(stream::try_unfold(reading, Reading::next)))
}

struct Reading {
    path: PathBuf,
    file: File,
    left: u64,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Reading)>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; self.left.min(PIECE) as usize];
        let count = match self.file.read(&mut piece).await {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            other => other,
        };
        let count = count.map_err(|source| unreadable(&self.path, source))?;
        piece.truncate(count);
        self.left -= count as u64;
        Ok(Some((piece.into(), self)))
    }
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Folder {
        path: path.to_owned(),
        source,
    }
}
