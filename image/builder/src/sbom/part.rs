//! One part of an image, as the bill lists it.

/// What SPDX says where nothing is known.
pub(super) const UNKNOWN: &str = "NOASSERTION";

/// One part of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) version: String,
    /// Package URL.
    pub(super) purl: String,
    /// Who it comes from.
    pub(super) supplier: String,
    /// An SPDX expression, or [`UNKNOWN`].
    pub(super) licence: String,
    /// Licences in words of the part's own.
    pub(super) licence_note: Option<String>,
    /// SHA-256 of what was downloaded.
    pub(super) sha256: Option<String>,
}
