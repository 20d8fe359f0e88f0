//! Why a JSON file of a repository cannot be used.

use super::NameError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The format that this code reads and writes.
pub(super) const FORMAT: u32 = 1;

/// A file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// It is longer than any real one.
    #[error("it has {length} bytes, more than the {limit} that are read")]
    TooLong {
        /// Its bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// It is not JSON, or lacks something.
    #[error("it does not parse: {0}")]
    Json(serde_json::Error),
    /// It is of a later format.
    #[error(
        "it has format {0}, this release reads format {FORMAT}: upgrade to a release between first, or publish one that can be reached from here"
    )]
    Format(u32),
    /// A name in it is none.
    #[error("{key}: {source}")]
    Name {
        /// Where.
        key: String,
        /// What is wrong.
        source: NameError,
    },
    /// A value cannot be.
    #[error("{key}: {why}")]
    Value {
        /// Where.
        key: String,
        /// What is wrong.
        why: String,
    },
}

impl ContentError {
    pub(super) fn name(key: impl Into<String>) -> impl FnOnce(NameError) -> Self {
        let key = key.into();
        move |source| ContentError::Name { key, source }
    }

    pub(super) fn value(key: impl Into<String>, why: impl Into<String>) -> Self {
        ContentError::Value {
            key: key.into(),
            why: why.into(),
        }
    }
}

/// The number is looked at before anything else: a later format may have other keys.
#[derive(Deserialize)]
struct Numbered {
    format: u32,
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, ContentError> {
    if bytes.len() > limit {
        return Err(ContentError::TooLong {
            length: bytes.len(),
            limit,
        });
    }
    let Numbered { format } = serde_json::from_slice(bytes).map_err(ContentError::Json)?;
    if format != FORMAT {
        return Err(ContentError::Format(format));
    }
    serde_json::from_slice(bytes).map_err(ContentError::Json)
}

/// Pretty, with a newline: people look at these files.
pub(super) fn write(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("texts and numbers are JSON");
    text.push(b'\n');
    text
}
