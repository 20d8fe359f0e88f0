//! From a checked configuration to a running Kubernetes: certificates, flags, manifests.
//!
//! - [`plan`](mod@plan) is pure: settings and facts in, files out. [`prepare`] finds the facts and writes the files.
//! - What lasts is only what cannot be made again: authorities, the key for Secrets, the database. Everything else is
//!   made at every boot in memory.
//! - The keeper holds the cluster to the configuration for as long as the node runs.

#![forbid(unsafe_code)]

pub mod address;
mod args;
mod descriptor;
mod fetched;
mod file;
mod founding;
mod from_url;
mod images;
pub mod keep;
mod load;
mod names;
mod paths;
pub mod pki;
pub mod plan;
mod policy_notes;
mod prepare;
pub mod services;
mod settings;
mod settings_from;
mod sysctls;

pub use fetched::{FETCHED_PREFIX, fetched_file};
pub use file::{FileError, PlannedFile};
pub use founding::{Founding, FoundingError, Overruled};
pub use images::{ImageError, load_system_image};
pub use keep::{KeepError, keep};
pub use load::{LoadError, load_settings};
pub use paths::Paths;
pub use prepare::{PrepareError, prepare, write_for};
pub use services::{early as early_services, services};
pub use settings::{
    Audit, ClusterNetwork, ClusterSettings, ExtraArgs, Flags, InlineManifest, Mirror, Registries,
    RegistryHost, Taint,
};
pub use sysctls::{MODULES, SYSCTLS};
