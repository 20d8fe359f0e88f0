//! The last copy of what `config_url` names, kept on state for boots at which it cannot be reached.

use crate::fetch;
use crate::policy::{self, ConfigUrl, NotVouched, Policy};
use crate::step::Step;
use crate::trial;
use host::file;
use init_api::{Root, paths};
use os_config::{Source, SourceName};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Where copies last.
const KEPT: &str = paths::CONFIG_STATE;
/// Where a copy is while a configuration is on trial: what goes back by itself must not take the good copy's place.
const TRIED: &str = paths::RUN;
const TEXT: &str = "from-url.yaml";
const ABOUT: &str = "from-url.json";

/// A copy with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlCopy {
    /// Where it came from.
    pub url: String,
    /// Its bytes.
    pub text: Vec<u8>,
    /// The lines of the file with signatures beside it, where the image asks for one.
    pub signatures: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct About {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signatures: Option<String>,
}

/// The places of copies.
#[derive(Debug, Clone)]
pub struct StoredUrl {
    root: Root,
}

impl StoredUrl {
    /// The copy below a root.
    pub fn new(root: &Root) -> Self {
        StoredUrl { root: root.clone() }
    }

    /// The copy, if there is one of this URL.
    pub fn load(&self, url: &str) -> Option<UrlCopy> {
        self.load_from(TRIED, url)
            .or_else(|| self.load_from(KEPT, url))
    }

    /// Whether this copy is where [`StoredUrl::store`] would put it.
    pub fn holds(&self, copy: &UrlCopy) -> bool {
        self.load_from(self.place(), &copy.url).as_ref() == Some(copy)
    }

    /// Keeps a copy; while a configuration is on trial, in memory only.
    ///
    /// # Errors
    /// When it cannot be written; the old copy stands then.
    pub fn store(&self, copy: &UrlCopy) -> io::Result<()> {
        let place = self.place();
        self.store_in(place, copy)?;
        if place == KEPT {
            self.forget(TRIED)?;
        }
        Ok(())
    }

    /// The address of the whole copy that is in memory, if there is one.
    pub(crate) fn tried_url(&self) -> Option<String> {
        let url = self.about(TRIED)?.url;
        self.load_from(TRIED, &url).map(|copy| copy.url)
    }

    /// What makes a copy last that was kept in memory, if it is one of this URL: in the order of [`StoredUrl::store`].
    pub(crate) fn record_tried(tried: Option<&str>, url: &str) -> Vec<Step> {
        let at = |place: &str, name: &str| Path::new(place).join(name);
        let forget = |place| Step::Remove {
            path: at(place, ABOUT),
        };
        let copy = |name| Step::Copy {
            from: at(TRIED, name),
            to: at(KEPT, name),
            mode: 0o600,
        };
        let mut steps = Vec::new();
        if tried == Some(url) {
            steps.extend([forget(KEPT), copy(TEXT), copy(ABOUT)]);
        }
        steps.push(forget(TRIED));
        steps
    }

    fn place(&self) -> &'static str {
        match trial::current(&self.root) {
            Ok(None) => KEPT,
            Ok(Some(_)) | Err(_) => TRIED,
        }
    }

    fn path(&self, place: &str, name: &str) -> PathBuf {
        self.root.path(Path::new(place).join(name))
    }

    fn load_from(&self, place: &str, url: &str) -> Option<UrlCopy> {
        let about = self.about(place)?;
        let text = std::fs::read(self.path(place, TEXT)).ok()?;
        (about.url == url).then_some(UrlCopy {
            url: about.url,
            text,
            signatures: about.signatures,
        })
    }

    fn about(&self, place: &str) -> Option<About> {
        let about = std::fs::read(self.path(place, ABOUT)).ok()?;
        serde_json::from_slice(&about).ok()
    }

    fn store_in(&self, place: &str, copy: &UrlCopy) -> io::Result<()> {
        let about = serde_json::to_vec(&About {
            url: copy.url.clone(),
            signatures: copy.signatures.clone(),
        })?;
        // Without `about` there is no copy: a cut between the writes loses the copy, it never mixes two.
        self.forget(place)?;
        file::write(&self.path(place, TEXT), 0o600, &copy.text)?;
        file::write(&self.path(place, ABOUT), 0o600, &about)
    }

    fn forget(&self, place: &str) -> io::Result<()> {
        file::remove(&self.path(place, ABOUT)).map(drop)
    }
}

impl UrlCopy {
    /// Whether the image believes it.
    ///
    /// # Errors
    /// Why not, with what to do.
    pub(crate) fn believed(&self, policy: &Policy) -> Result<(), NotVouched> {
        if policy.config_url == ConfigUrl::Allow {
            return Ok(());
        }
        let beside = policy::signature_url(&self.url).unwrap_or_default();
        let signatures = self.signatures.as_deref().map(str::as_bytes);
        policy.vouched(&self.text, signatures, &fetch::shown(&beside))
    }

    /// As a source.
    pub fn source(&self) -> Source {
        Source::new(SourceName::Url, self.url.clone(), self.text.clone())
    }
}
