//! Raw to checked: every value looked at, everything wrong found in one go.

mod backup;
mod checker;
mod clash;
mod config;
mod dns;
mod engine_flags;
mod files;
mod flag_values;
mod flags;
mod former_keys;
mod install;
mod interface;
mod kubernetes;
mod network;
mod registries;
mod structure;
mod time;
mod version;

use checker::Checker;
pub(crate) use config::check;
pub use files::decode;
pub(crate) use flags::refused_flags;
pub(crate) use structure::check_structure;
pub(crate) use version::{config_version, missing_version};
