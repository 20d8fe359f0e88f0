//! Making a bundle, on a workstation that has a network: container images from registries and archives, manifests, a release.
//!
//! Flow: [`make`] reads what is asked for, finds out that every image which a manifest names is among the images
//! ([`closure`]), fetches each layer once ([`layout`], from [`registry`] or [`archive`]), copies the release ([`release`]'s
//! excerpt) and writes the listing last. Guarantee: a folder with a listing is whole; one that was interrupted has none.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod archive;
mod below;
mod blob;
mod closure;
mod config;
mod docker_save;
mod document;
mod error;
mod image;
mod layout;
mod listing;
mod make;
mod manifests;
mod names;
mod packed;
mod registry;

pub use config::StickConfig;
pub use error::MakeError;
pub use make::{Made, Order, ReleaseOrder, make};
pub use names::{Platform, parse_list};
