//! Fetching a delta. One that is of no use is remembered, where there is another way.

use crate::download::Download;
use crate::way::DeltaBytes;
use release::{Error, Repository};

/// A delta on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) download: &'a Download<'a>,
    /// Whether the repository has the whole file, too.
    pub(crate) has_whole: bool,
}

impl Delta<'_> {
    /// Fetches it, and counts the bytes. Gives why it is of no use, if that is its own fault.
    ///
    /// # Errors
    /// The line or the server failed: the next try goes on with it.
    pub(crate) async fn fetch(
        &self,
        fetched: &mut u64,
        tell: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> anyhow::Result<Option<String>> {
        let had = self.download.have();
        match self.download.run(self.repository, tell).await {
            Ok(bytes) => {
                *fetched += bytes;
                Ok(None)
            }
            // The whole file is on the same server.
            Err(error) if is_line(&error) => Err(error),
            Err(error) => {
                *fetched += self.download.have().saturating_sub(had);
                let why = format!("{error:#}");
                // No room, say, is not its fault: it may be used the next time.
                if error.downcast_ref::<Error>().is_some() {
                    self.refuse(&why);
                }
                Ok(Some(why))
            }
        }
    }

    /// Remembers that it is of no use. Where there is nothing else, it is tried again: another stick may be a better one.
    pub(crate) fn refuse(&self, why: &str) {
        if self.has_whole
            && let Err(error) = self.download.refuse(why)
        {
            eprintln!("{error:#}");
        }
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> DeltaBytes {
        DeltaBytes {
            size: self.download.size(),
            have: self.download.have(),
        }
    }

    /// Why it was found to be of no use before.
    pub(crate) fn refused(&self) -> Option<String> {
        self.has_whole.then(|| self.download.refused()).flatten()
    }
}

/// Whether it is the line or the server that failed, not the file.
fn is_line(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(Error::Unreachable { .. } | Error::Client(_))
    )
}
