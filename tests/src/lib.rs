//! VM scenarios against the real image.
//!
//! The image is a black box: it is booted as a user would boot it, and judged by its console, ssh and its API. A
//! [`Scenario`] is a function with a name; [`run_scenarios`] records its verdict and keeps the machine's traces when it fails.
//! Machines are made by the scenario's [`Stage`]; most begin as copies of one machine that is frozen when its node has
//! become Ready for the first time.

#![forbid(unsafe_code)]

mod artefacts;
mod authority;
mod broken_release;
mod bundle;
mod cables;
mod checkout;
mod command;
mod efi_program;
mod history;
mod measure;
mod node;
mod own_keys;
mod part;
mod port_table;
mod programs;
mod random;
mod report;
mod rescue_stick;
mod scenario;
mod stage;
mod verdict;
mod workload;

pub use artefacts::{
    commit, first_release, image, next_release, printed, records, releases, releases_for_arm64,
    root,
};
pub use authority::Authority;
pub use broken_release::{Fault, broken_releases};
pub use bundle::{Bundle, bundle, bundle_with};
pub use checkout::Checkout;
pub use command::VmCommand;
pub use efi_program::{Ending, efi_program};
pub use history::{Change, History};
pub use measure::median;
pub use node::Node;
pub use own_keys::OwnKeys;
pub use part::{Part, parts};
pub use port_table::PortTable;
pub use programs::{DRIVER, driver, hang, time_server};
pub use random::Random;
pub use report::{Record, collect, render};
pub use rescue_stick::rescue_stick;
pub use scenario::{Scenario, Tier, run_scenarios};
pub use stage::{Judgement, READY_WITHIN, Stage};
pub use verdict::Verdict;
pub use workload::{
    PROBE_IMAGE, archive as probe_archive, asker_manifest, ballast, eater_manifest,
    farewell_manifest, hostile_manifest, hostile_pods_manifest, manifest as probe_manifest,
    program as probe_program,
};
