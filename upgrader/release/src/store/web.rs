//! Files of a repository on a web server: any server of static files will do.

mod answer;
mod fault;
mod part;
mod server;

use super::effort::{Effort, Tries};
use super::pieces::Pieces;
use crate::error::Error;
use crate::source::shown;
use fault::{Fault, refusal};
use futures_util::stream;
use part::Part;
use reqwest::StatusCode;
use server::Server;
use std::ops::Range;
use url::Url;

/// A server of files.
#[derive(Debug, Clone)]
pub(crate) struct Web(Server);

impl Web {
    pub(super) fn new(base: Url, effort: Effort) -> Result<Web, Error> {
        Server::new(base, effort).map(Web)
    }

    pub(super) async fn whole(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let url = self.0.url(path)?;
        let mut tries = Tries::new(self.0.effort());
        loop {
            match self.whole_once(&url, limit).await {
                Ok(file) => return Ok(file),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing(why)) => tries.again(&url, why).await?,
            }
        }
    }

    async fn whole_once(&self, url: &Url, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
        let mut answer = match self.0.ask(url, None).await? {
            answer if answer.status() == StatusCode::OK => answer,
            answer if answer.status() == StatusCode::NOT_FOUND => return Ok(None),
            answer => return Err(refusal(url, answer.status())),
        };
        let endless = || {
            Fault::Final(Error::Endless {
                what: shown(url),
                limit,
            })
        };
        if answer.length().is_some_and(|length| length > limit) {
            return Err(endless());
        }
        let mut file = Vec::new();
        while let Some(bytes) = answer.next().await? {
            if file.len() as u64 + bytes.len() as u64 > limit {
                return Err(endless());
            }
            file.extend_from_slice(&bytes);
        }
        Ok(Some(file))
    }

    pub(super) async fn part(
        &self,
        path: &str,
        length: u64,
        range: Range<u64>,
    ) -> Result<Pieces, Error> {
        let mut part = Part::new(self.0.clone(), self.0.url(path)?, length, range);
        part.begin().await?;
        let next = async |mut part: Part| Ok(part.next().await?.map(|bytes| (bytes, part)));
        Ok(Box::pin(stream::try_unfold(part, next)))
    }
}
