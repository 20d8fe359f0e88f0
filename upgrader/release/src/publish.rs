//! Writing a repository: releases, channels, fresh signatures, other keys.
//!
//! Flow of every change: files of releases, each under its digest; new metadata, each under its number; last of all
//! `timestamp.json`, replaced whole. Guarantee: readers see the old repository or the new one, and an interrupted change is done
//! by doing it again. Assumption: one change at a time.

mod books;
mod deltas;
mod error;
mod excerpt;
mod files;
mod input;
mod lifetimes;
mod refresh;
mod release;
mod rotate;
mod verify;

pub use error::PublishError;
pub use excerpt::excerpt;
pub use lifetimes::Lifetimes;
pub use refresh::refresh;
pub use release::{Publication, Published, publish};
pub use rotate::{Role, Rotation, rotate};
pub use verify::{Checked, verify};
