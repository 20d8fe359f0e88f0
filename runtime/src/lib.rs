//! From a checked configuration to a running Kubernetes: certificates, flags, manifests.
//!
//! - [`plan`](mod@plan) is pure: settings and facts in, files out. [`prepare`] finds the facts and writes the files.
//! - What lasts is only what cannot be made again: authorities, the key for Secrets, the database. Everything else is
//!   made at every boot in memory.
//! - The keeper holds the cluster to the configuration for as long as the node runs.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

pub mod address;
mod args;
mod datastore;
mod descriptor;
mod emulation;
mod fetched;
mod file;
mod from_url;
mod images;
pub mod keeper;
mod name_servers;
mod paths;
pub mod pki;
pub mod plan;
mod pods_connections;
mod policy_notes;
mod prepare;
mod rotation;
pub mod services;
mod settings;
mod shutdown;
mod sysctls;

pub use datastore::{Datastore, cluster_exists};
pub use fetched::{FETCHED_PREFIX, fetched_file};
pub use file::{FileError, PlannedFile};
pub use images::{ImageError, load_system_image};
pub use keeper::{KeeperError, run_keeper};
pub use paths::Paths;
pub use pods_connections::{CONNECTIONS, FIREWALL_TABLE, PODS_PART, PODS_REFUSED};
pub use prepare::{PrepareError, prepare, write_for};
pub use rotation::Rotation;
pub use services::{early as early_services, services};
pub use settings::{
    ClusterIdentity, Founding, FoundingError, LoadError, NodeIdentity, Overruled, Role, Settings,
    environment, load_settings,
};
pub use sysctls::{MODULES, SYSCTLS};
