//! Metadata files for `tough`, from our store.

use super::passed::Seen;
use crate::error::Error;
use crate::store::Store;
use crate::trust::Reading;
use bytes::Bytes;
use futures_util::stream;
use std::sync::{Arc, Mutex, PoisonError};
use tough::{Transport, TransportError, TransportErrorKind, TransportStream, async_trait};
use url::Url;

/// The largest metadata files that are taken.
pub(super) const LARGEST: u64 = 1 << 20;
/// The same for the list of targets, which has about a kilobyte for each release and architecture.
pub(super) const LARGEST_TARGETS: u64 = 8 << 20;

/// Gets metadata files, and remembers what came.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    store: Store,
    seen: Memory,
}

/// What came, shared with the copies that `tough` makes.
#[derive(Debug, Clone)]
pub(super) struct Memory(Arc<Mutex<Seen>>);

impl Memory {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Fetch {
    pub(super) fn new(store: Store, reading: Reading) -> Fetch {
        Fetch {
            store,
            seen: Memory(Arc::new(Mutex::new(Seen::new(reading)))),
        }
    }

    pub(super) fn seen(&self) -> Memory {
        self.seen.clone()
    }

    async fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let limit = match role(name) {
            Some(role) => {
                self.seen.change(|seen| seen.asked_for(role))?;
                match role {
                    "targets" => LARGEST_TARGETS,
                    _ => LARGEST,
                }
            }
            None => {
                let why = format!(
                    "{name} is signed by others than the targets role, which is not done here"
                );
                return Err(Error::Repository(why));
            }
        };
        self.store.whole(&format!("metadata/{name}"), limit).await
    }
}

/// Whose file it is: `timestamp.json`, `7.targets.json`.
fn role(name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".json")?;
    let stem = match stem.split_once('.') {
        Some((number, stem)) if number.bytes().all(|digit| digit.is_ascii_digit()) => stem,
        Some(_) => return None,
        None => stem,
    };
    ["root", "timestamp", "snapshot", "targets"]
        .into_iter()
        .find(|role| *role == stem)
}

#[async_trait]
impl Transport for Fetch {
    /// A failure is given as a stream that fails: `tough` takes one that is given at once for "there is no newer root".
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        let name = url.path_segments().and_then(|mut parts| parts.next_back());
        let name = name.unwrap_or_default().to_owned();
        let item = match self.file(&name).await {
            Ok(Some(bytes)) => {
                self.seen.change(|seen| seen.came(name, &bytes));
                Ok(Bytes::from(bytes))
            }
            Ok(None) => {
                // A root that is not there is the end of the chain, and no failure; anything else must be there.
                if role(&name) != Some("root") {
                    let missing = Error::Missing(format!("metadata/{name}"));
                    self.seen.change(|seen| seen.failure = Some(missing));
                }
                Err(TransportError::new(TransportErrorKind::FileNotFound, &url))
            }
            Err(error) => {
                let why = error.to_string();
                self.seen.change(|seen| seen.failure = Some(error));
                Err(TransportError::new_with_cause(
                    TransportErrorKind::Other,
                    &url,
                    why,
                ))
            }
        };
        Ok(Box::pin(stream::iter([item])))
    }
}
