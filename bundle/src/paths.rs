//! Names of what a bundle has.

/// The bundle's folder, at the top of a stick.
pub const FOLDER: &str = "holdfast";
/// The listing.
pub const LISTING: &str = "bundle.json";
/// Who vouches for the listing.
pub const SIGNATURES: &str = "bundle.sig";
/// The folder of images, an OCI image layout.
pub const IMAGES: &str = "images";
/// The folder of manifests.
pub const MANIFESTS: &str = "manifests";
/// The folder of the release repository.
pub const RELEASES: &str = "releases";
/// Digests of all files, for people.
pub const SUMS: &str = "SHA256SUMS";
