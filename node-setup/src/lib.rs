//! Applies a checked configuration to the running node.
//!
//! [`plan()`] turns a configuration and the facts of the node into steps and touches nothing; [`Executor`] carries steps out
//! and decides nothing. [`configure`] is what PID 1 runs: it gathers, checks, plans, executes and writes what crosses borders.

#![forbid(unsafe_code)]

mod accounts;
pub mod change;
mod configure;
pub mod errand;
mod execute;
mod facts;
pub mod fetch;
mod gather;
mod machine;
mod next_boot;
mod plan;
mod reload;
mod services;
mod sources;
mod step;
pub mod trial;
mod user_command;

pub use configure::{CannotReport, Outcome, configure};
pub use execute::{Executor, Failed, Warning};
pub use facts::{Facts, VarDir};
pub use machine::{Machine, ThisMachine};
pub use plan::{plan, plan_maintenance};
pub use reload::Reload;
pub use services::{Situation, services};
pub use sources::{
    CONFIG_MOUNT, ConfigPartition, Found, Media, NodeMedia, Stick, StoredUrl, UrlCopy, Volume,
    VolumeKind, find, identify_volume,
};
pub use step::{Content, OnFailure, Owner, Step};
