//! An order to run a script on a machine that nobody can log in to, signed by the keys that sign releases.
//!
//! It is signed as a repository's list of files is, by as many of those keys as that needs, and says itself what it is: neither can
//! stand for the other.

use crate::format::Digest;
use crate::trust::Trust;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;
use std::time::Duration;
use tough::schema::{Role, RoleType, Root, Signed};

/// An order that counts: who may give orders gave it, for this script, and its time is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueOrder {
    /// What a machine remembers it by, so that it carries it out once.
    pub id: String,
    /// How long the script may take.
    pub within: Duration,
}

/// Why an order does not count.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The text is none.
    #[error("rescue.json is not what `holdfast rescue sign` writes: {0}")]
    NotAnOrder(String),
    /// The node's own root cannot be used.
    #[error("which keys may sign it is not known")]
    Root(#[source] crate::Error),
    /// Too few of the keys signed it.
    #[error("the keys that sign releases for this machine did not sign it: {0}")]
    NotSigned(String),
    /// The script is not the one that was signed.
    #[error(
        "rescue.sh was changed since it was signed, or is another script: sign it anew with `holdfast rescue sign`"
    )]
    OtherScript,
    /// Its time is over.
    #[error(
        "it counted until {0}, and this machine's clock is past that: sign it anew with `holdfast rescue sign`"
    )]
    Expired(Timestamp),
}

/// What is signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    #[serde(rename = "_type")]
    kind: Kind,
    id: String,
    sha256: String,
    expires: Timestamp,
    within_s: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "holdfast-rescue")]
    Rescue,
}

impl Role for Text {
    const TYPE: RoleType = RoleType::Targets;

    fn expires(&self) -> Timestamp {
        self.expires
    }

    fn version(&self) -> NonZeroU64 {
        NonZeroU64::MIN
    }

    fn filename(&self, _: bool) -> String {
        "rescue.json".to_owned()
    }
}

impl Text {
    /// An order for this script.
    #[cfg(feature = "publish")]
    pub(crate) fn new(id: String, script: &[u8], expires: Timestamp, within: Duration) -> Self {
        Text {
            kind: Kind::Rescue,
            id,
            sha256: Digest::of(script).to_string(),
            expires: crate::keys::whole_seconds(expires),
            within_s: within.as_secs().clamp(1, RescueOrder::LONGEST.as_secs()),
        }
    }
}

impl RescueOrder {
    /// The longest that a script may be given.
    pub const LONGEST: Duration = Duration::from_secs(24 * 3600);
    /// Bytes of a script: a node reads no more of a file on a stick.
    pub const LARGEST_SCRIPT: usize = 8 << 20;

    /// Reads an order for this script, as of `now`.
    ///
    /// # Errors
    /// It does not count: why, with what to do.
    pub fn read(
        order: &[u8],
        script: &[u8],
        trust: &Trust,
        now: Timestamp,
    ) -> Result<RescueOrder, OrderError> {
        let order: Signed<Text> = serde_json::from_slice(order)
            .map_err(|error| OrderError::NotAnOrder(error.to_string()))?;
        let root = trust.newest_root().map_err(OrderError::Root)?;
        let root: Signed<Root> = serde_json::from_slice(&root)
            .map_err(|error| OrderError::Root(crate::Error::FirstRoot(error.to_string())))?;
        root.signed
            .verify_role(&order)
            .map_err(|error| OrderError::NotSigned(error.to_string()))?;
        let text = order.signed;
        if text.sha256 != Digest::of(script).to_string() {
            return Err(OrderError::OtherScript);
        }
        if text.expires <= now {
            return Err(OrderError::Expired(text.expires));
        }
        Ok(RescueOrder {
            id: text.id,
            within: Duration::from_secs(text.within_s).min(RescueOrder::LONGEST),
        })
    }
}
