//! Applies a checked configuration to the running node.
//!
//! [`plan()`] turns a configuration and the facts of the node into steps and touches nothing; [`Executor`] carries steps out
//! and decides nothing. [`configure`] is what PID 1 runs: it reads the sources, chooses, plans, executes and reports.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod accounts;
pub mod change;
mod choice;
mod configure;
mod damage_choice;
pub mod encryption;
mod execute;
mod facts;
pub mod fetch;
mod last_good;
pub mod last_resort;
mod machine;
mod network_manager;
mod next_boot;
mod notes;
pub mod online;
mod plan;
pub mod policy;
mod reading;
mod reload;
mod report;
pub mod rescue;
pub mod reset;
mod services;
mod sources;
pub mod state_key;
mod step;
pub mod stick;
pub mod trial;
mod user_command;
mod wifi_country;

pub use configure::{Outcome, configure};
pub use execute::{Executor, Failed, Warning};
pub use facts::{Facts, VarDir};
pub use last_good::LastGood;
pub use machine::{Machine, ThisMachine};
pub use network_manager::{Change, Fixed, For, Profile, bring_in_line};
pub use plan::{plan, plan_maintenance};
pub use reload::{BUS, Reload};
pub use services::{Purpose, Situation, services};
pub use sources::{
    CONFIG_MOUNT, ConfigPartition, Media, NodeMedia, RescueFiles, Stick, StickOut, StickOutError,
    StoredUrl, UrlCopy, Volume, VolumeKind, identify_volume,
};
pub use step::{Content, OnFailure, Owner, Step};
