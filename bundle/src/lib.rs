//! A bundle: what a stick brings to nodes that have no internet.
//!
//! A folder `holdfast` at the top of a stick:
//!
//! | | |
//! |---|---|
//! | `bundle.json` | the [`Listing`]: what images and manifests there are, each file with size and SHA-256 |
//! | `bundle.sig` | who vouches for the listing: a line `ed25519:PUBLIC-KEY SIGNATURE` for each key |
//! | `images/` | container images, an OCI image layout: a layer that several images share is there once; one of more than [`LARGEST_FILE`] lies in [`Pieces`] |
//! | `manifests/` | Kubernetes manifests |
//! | `releases/` | a release repository, which has signatures of its own; `bundle.json` does not list it |
//! | `SHA256SUMS` | digests of all files, for `sha256sum -c` |
//!
//! Flow on a node: [`Bundle::open`] reads and judges the listing, then [`Bundle::manifest`] and [`Bundle::write_images`] give
//! what is listed. Guarantee: bytes that are not those that were listed are never given as if they were.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod checked;
mod error;
mod folder;
mod listing;
mod paths;
mod pieces;
mod signature;
mod turn;

pub use error::BundleError;
pub use folder::{Bundle, LARGEST_MANIFEST, has_releases, is_there};
pub use listing::{Entry, Listing, ListingError, Name, is_plain_name};
pub use paths::{FOLDER, IMAGES, LISTING, MANIFESTS, RELEASES, SIGNATURES, SUMS};
pub use pieces::{LARGEST_FILE, Pieces, piece};
pub use signature::{KeyError, PrivateKey, PublicKey, Signature};
pub use turn::Turn;
