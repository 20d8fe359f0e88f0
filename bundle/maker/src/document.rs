//! What images are described by: documents, digests, and what is said when they are not as they should be.

use crate::error::MakeError;
use oci_spec::image::Descriptor;

/// A manifest or an index, as it came.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub(crate) digest: String,
}

impl Document {
    pub(crate) fn new(bytes: Vec<u8>) -> Document {
        let digest = host::digest::of_bytes(&bytes);
        Document { bytes, digest }
    }
}

/// The SHA-256 of a descriptor; nothing else is used.
pub(crate) fn hex(name: &str, descriptor: &Descriptor) -> Result<String, MakeError> {
    let digest = descriptor.digest().to_string();
    let hex = digest.strip_prefix("sha256:").map(str::to_owned);
    hex.ok_or_else(|| no_image(name, format!("{digest} is no SHA-256")))
}

pub(crate) fn no_image(name: &str, why: impl ToString) -> MakeError {
    MakeError::Image {
        image: name.to_owned(),
        why: why.to_string(),
    }
}
