//! How a root image came into the spare slot.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a root image came into the spare slot, and what that cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// The way that was taken.
    pub way: Way,
    /// Bytes that were fetched for it; what an earlier try had fetched is not among them.
    pub fetched: u64,
    /// Bytes of the whole image.
    pub image: u64,
    /// Why the delta was not used that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_delta: Option<String>,
}

/// A way for a root image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Those blocks of the image that the slot lacked.
    Image,
    /// A delta to the image that runs.
    Delta,
    /// One that this version does not know.
    #[serde(other)]
    Other,
}

impl fmt::Display for Brought {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let way = match self.way {
            Way::Image => "as an image",
            Way::Delta => "by a delta",
            Way::Other => "in a way of another release",
        };
        let (fetched, image) = (megabytes(self.fetched), megabytes(self.image));
        write!(
            out,
            "root image of {image:.1} MB {way}: {fetched:.1} MB fetched"
        )?;
        match &self.no_delta {
            Some(why) => write!(out, "; the delta was not used: {why}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Brought, Way};

    #[test]
    fn it_is_said_in_words() {
        let mut brought = Brought {
            way: Way::Delta,
            fetched: 1_581_602,
            image: 202_186_752,
            no_delta: None,
        };
        assert_eq!(
            brought.to_string(),
            "root image of 202.2 MB by a delta: 1.6 MB fetched"
        );
        brought.way = Way::Image;
        brought.no_delta = Some("it is damaged".into());
        assert_eq!(
            brought.to_string(),
            "root image of 202.2 MB as an image: 1.6 MB fetched; the delta was not used: it is damaged"
        );
        let newer = r#"{"way":"by-pigeon","fetched":1,"image":2,"more":3}"#;
        let read: Brought = serde_json::from_str(newer).expect("lenient");
        assert_eq!(read.way, Way::Other);
    }
}
