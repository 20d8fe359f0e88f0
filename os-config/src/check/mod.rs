//! Raw to checked: every value looked at, everything wrong found in one go.

mod address;
mod checker;
mod clash;
mod config;
mod files;
mod flags;
mod former_keys;
mod interface;
mod kubernetes;
mod network;
mod registries;
mod structure;

pub(crate) use checker::Checker;
pub(crate) use config::{check, config_version, missing_version};
pub use files::decode;
pub(crate) use flags::refused_flags;
pub(crate) use structure::check_structure;
