//! Files of a repository, from a web server or a folder: small ones whole, parts of large ones as they come.

mod effort;
mod folder;
mod pieces;
mod web;

use crate::error::Error;
use crate::source::Source;
pub use effort::Effort;
pub use pieces::Pieces;
use std::ops::Range;
use std::path::PathBuf;

/// Where files come from.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    Web(web::Web),
    Folder(PathBuf),
}

impl Store {
    pub(crate) fn new(source: &Source, effort: Effort) -> Result<Store, Error> {
        match source {
            Source::Url(url) => Ok(Store::Web(web::Web::new(url.clone(), effort)?)),
            Source::Folder(folder) => Ok(Store::Folder(folder.clone())),
        }
    }

    /// A small file; `None` when it is not there, which is told apart from every other failure.
    pub(crate) async fn whole(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Store::Web(web) => web.whole(path, limit).await,
            Store::Folder(folder) => folder::whole(&folder.join(path), limit).await,
        }
    }

    /// A part of a file whose size is known. What is opened first fails here, not in the stream.
    pub(crate) async fn part(
        &self,
        path: &str,
        length: u64,
        range: Range<u64>,
    ) -> Result<Pieces, Error> {
        match self {
            Store::Web(web) => web.part(path, length, range).await,
            Store::Folder(folder) => folder::part(&folder.join(path), length, range).await,
        }
    }
}
