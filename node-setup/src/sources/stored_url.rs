//! The last copy of what `config_url` names, kept on state for boots at which it cannot be reached.

use crate::root::Root;
use init_api::atomic;
use os_config::{Source, SourceName};
use serde::{Deserialize, Serialize};
use std::io;

const TEXT: &str = "/var/lib/holdfast/config/from-url.yaml";
const ABOUT: &str = "/var/lib/holdfast/config/from-url.json";

/// A copy with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlCopy {
    /// Where it came from.
    pub url: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct About {
    url: String,
}

/// The place on state.
#[derive(Debug, Clone)]
pub struct StoredUrl {
    root: Root,
}

impl StoredUrl {
    /// The copy below a root.
    pub fn new(root: &Root) -> Self {
        StoredUrl { root: root.clone() }
    }

    /// The copy, if it is of this URL.
    pub fn load(&self, url: &str) -> Option<UrlCopy> {
        let about = std::fs::read(self.root.path(ABOUT)).ok()?;
        let about: About = serde_json::from_slice(&about).ok()?;
        let text = std::fs::read(self.root.path(TEXT)).ok()?;
        (about.url == url).then_some(UrlCopy {
            url: about.url,
            text,
        })
    }

    /// Keeps a copy.
    ///
    /// # Errors
    /// When state cannot be written; the old copy stands then.
    pub fn store(&self, copy: &UrlCopy) -> io::Result<()> {
        let about = serde_json::to_vec(&About {
            url: copy.url.clone(),
        })?;
        // Without `about` there is no copy: a cut between the writes loses the copy, it never mixes two.
        match std::fs::remove_file(self.root.path(ABOUT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        atomic::write(&self.root.path(TEXT), 0o600, &copy.text, |_| Ok(()))?;
        atomic::write(&self.root.path(ABOUT), 0o600, &about, |_| Ok(()))
    }
}

impl UrlCopy {
    /// As a source.
    pub fn source(&self) -> Source {
        Source::new(SourceName::Url, self.url.clone(), self.text.clone())
    }
}
