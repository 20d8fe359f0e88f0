//! VM scenarios against the real image.
//!
//! The image is a black box: it is booted as a user would boot it, and judged by its console, ssh and its API. A
//! scenario is a function given to [`scenario()`], which records its verdict and keeps the machine's traces when it fails.
//! Machines are made by the scenario's [`Stage`]; most begin as copies of one machine that is frozen when its node has
//! become Ready for the first time.

#![forbid(unsafe_code)]

mod artefacts;
mod command;
mod driver;
mod lot;
mod node;
mod part;
mod report;
mod scenario;
mod stage;
mod workload;

pub use artefacts::{commit, image, printed, records, root};
pub use command::VmCommand;
pub use driver::{DRIVER, driver};
pub use lot::Lot;
pub use node::Node;
pub use part::{Part, parts};
pub use report::{Record, Verdict, collect, render};
pub use scenario::scenario;
pub use stage::Stage;
pub use workload::{PROBE_IMAGE, archive as probe_archive, manifest as probe_manifest};
