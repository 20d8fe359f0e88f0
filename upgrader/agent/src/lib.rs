//! The agent: carries one node from a release to the next. A host service; it needs no cluster.
//!
//! *stage* (fetch, verify, write to the spare slot, read back) → *activate* (let the boot loader try it, restart) → *trial* →
//! *committed*, or the machine is back in the release before and the agent says why.
//!
//! # Guarantees
//! At every moment the boot loader has an entry of a release that is whole and was good. What decides lies in [`found`] and
//! [`health`], pure; the rest carries out. Memory does not grow with the size of an image.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod activate;
mod apply;
mod boot_file;
mod bring;
mod checks;
mod delta;
mod download;
mod fetch;
mod firmware;
mod found;
mod health;
mod idle;
mod node;
mod offers;
mod origin;
pub mod secure_boot;
mod serve;
mod slot;
mod stage;
mod state_policy;
mod trial;
mod waits;
mod way;

pub use serve::serve;
