//! A server's answer, read with an eye on the clock.

use super::fault::{Fault, causes};
use crate::store::effort::{Effort, Pace};
use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout};

#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    effort: Effort,
    pace: Pace,
}

impl Answer {
    pub(super) const fn new(response: Response, effort: Effort) -> Answer {
        Answer {
            response,
            effort,
            pace: Pace::new(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// How long it says that it is.
    pub(super) fn length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH)?.parse().ok()
    }

    /// Which part it says that it is.
    pub(super) fn range(&self) -> Option<&str> {
        self.header(CONTENT_RANGE)
    }

    fn header(&self, name: reqwest::header::HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The next bytes; `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let began = Instant::now();
        let next = timeout(self.effort.stall, self.response.chunk()).await;
        let next = next.map_err(|_| {
            let stall = self.effort.stall.as_secs_f64();
            Fault::Passing(format!("no byte came for {stall:.1} s"))
        })?;
        let next = next.map_err(|error| Fault::Passing(causes(error)))?;
        if let Some(bytes) = &next {
            let pace = self.pace.got(bytes.len(), began.elapsed(), &self.effort);
            pace.map_err(Fault::Passing)?;
        }
        Ok(next)
    }
}
