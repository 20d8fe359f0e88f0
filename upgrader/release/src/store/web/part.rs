//! A part of a file as a stream that goes on where a connection broke.

use super::answer::Answer;
use super::fault::{Fault, refusal};
use super::server::Server;
use crate::error::Error;
use crate::source::shown;
use crate::store::effort::Tries;
use bytes::Bytes;
use reqwest::StatusCode;
use std::ops::Range;
use url::Url;

/// A connection that gave so much before it broke has got on.
const PROGRESS: u64 = 64 << 10;

/// Flow: ask for what is left; give bytes on; when the connection breaks, wait and ask for what is left then.
pub(super) struct Part {
    server: Server,
    url: Url,
    /// Bytes of the whole file, as signed.
    length: u64,
    /// What is still wanted.
    left: Range<u64>,
    /// Whether it began at the file's beginning: then a server that knows no ranges is of use, too.
    from_start: bool,
    answer: Option<Answer>,
    /// So much of the answer is before what is wanted.
    skip: u64,
    /// The answer is the whole file: what is behind the wanted part is not read.
    whole: bool,
    tries: Tries,
    since_fault: u64,
}

impl Part {
    pub(super) fn new(server: Server, url: Url, length: u64, range: Range<u64>) -> Part {
        Part {
            tries: Tries::new(server.effort()),
            server,
            url,
            length,
            from_start: range.start == 0,
            left: range,
            answer: None,
            skip: 0,
            whole: false,
            since_fault: 0,
        }
    }

    /// Waits for an answer that can be used.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        while self.answer.is_none() && !self.left.is_empty() {
            if let Err(fault) = self.open().await {
                self.after(fault).await?;
            }
        }
        Ok(())
    }

    /// The next bytes; `None` when all have come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.left.is_empty() {
            self.begin().await?;
            match self.piece().await {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    self.left.start += bytes.len() as u64;
                    self.since_fault += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                Err(fault) => self.after(fault).await?,
            }
        }
        self.end().await
    }

    /// All has come: a server that says no length may still have more, which nobody signed.
    async fn end(&mut self) -> Result<Option<Bytes>, Error> {
        let has_more = match (&mut self.answer, self.whole && self.left.end < self.length) {
            (Some(answer), false) => matches!(answer.next().await, Ok(Some(_))),
            _ => false,
        };
        self.answer = None;
        match has_more {
            true => Err(self.endless()),
            false => Ok(None),
        }
    }

    fn endless(&self) -> Error {
        Error::Endless {
            what: shown(&self.url),
            limit: self.length,
        }
    }

    async fn after(&mut self, fault: Fault) -> Result<(), Error> {
        self.answer = None;
        if self.since_fault >= PROGRESS {
            self.tries.got_on();
        }
        self.since_fault = 0;
        match fault {
            Fault::Final(error) => Err(error),
            Fault::Passing(why) => self.tries.again(&self.url, why).await,
        }
    }

    async fn piece(&mut self) -> Result<Bytes, Fault> {
        let wanted = self.left.end - self.left.start;
        let Some(answer) = &mut self.answer else {
            return Ok(Bytes::new());
        };
        let Some(mut bytes) = answer.next().await? else {
            return Err(Fault::Passing(format!(
                "the answer ended {wanted} bytes too early"
            )));
        };
        let before = self.skip.min(bytes.len() as u64);
        self.skip -= before;
        let mut bytes = bytes.split_off(before as usize);
        if bytes.len() as u64 > wanted {
            if !self.whole || self.left.end == self.length {
                return Err(Fault::Final(self.endless()));
            }
            bytes.truncate(wanted as usize);
        }
        Ok(bytes)
    }

    async fn open(&mut self) -> Result<(), Fault> {
        let all = self.left == (0..self.length);
        let range = (!all).then(|| self.left.clone());
        let answer = self.server.ask(&self.url, range).await?;
        match answer.status() {
            StatusCode::OK => self.whole_file(&answer)?,
            StatusCode::PARTIAL_CONTENT if !all => self.asked_part(&answer)?,
            StatusCode::NOT_FOUND => {
                return Err(Fault::Final(Error::Missing(shown(&self.url))));
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let total = answer.range().and_then(|range| range.rsplit('/').next());
                let total = total.and_then(|total| total.parse().ok());
                return Err(self.other_size(total.unwrap_or(self.left.start)));
            }
            status => return Err(refusal(&self.url, status)),
        }
        self.answer = Some(answer);
        Ok(())
    }

    /// The answer is not a part: it can be used when the beginning is wanted, or was given on before.
    fn whole_file(&mut self, answer: &Answer) -> Result<(), Fault> {
        if !self.from_start {
            return Err(Fault::Final(Error::NoRanges {
                url: shown(&self.url),
            }));
        }
        match answer.length() {
            Some(length) if length != self.length => Err(self.other_size(length)),
            _ => {
                self.whole = true;
                self.skip = self.left.start;
                Ok(())
            }
        }
    }

    fn asked_part(&mut self, answer: &Answer) -> Result<(), Fault> {
        let given = answer.range().unwrap_or("nothing");
        let asked = format!("bytes {}-{}", self.left.start, self.left.end - 1);
        match given.split_once('/') {
            Some((range, total)) if range == asked => match total.parse() {
                Ok(total) if total != self.length => Err(self.other_size(total)),
                _ => {
                    self.whole = false;
                    self.skip = 0;
                    Ok(())
                }
            },
            _ => Err(Fault::Final(Error::WrongRange {
                url: shown(&self.url),
                asked,
                given: given.to_owned(),
            })),
        }
    }

    fn other_size(&self, found: u64) -> Fault {
        Fault::Final(Error::Size {
            what: shown(&self.url),
            found,
            signed: self.length,
        })
    }
}
