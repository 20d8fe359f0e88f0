//! What crosses the border of PID 1: service descriptions, status, requests, and the records that init's stages leave
//! for each other. Plain serde types; JSON in files below `/run/holdfast` and, one line each way, on PID 1's socket. Also
//! the one table of paths, and the root that tests move them below.
//!
//! Parsing is strict: an unknown key is an error, so that two parts of different builds notice each other at once.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod boot;
mod calls;
mod capability;
mod client;
mod configured;
mod duration;
mod file;
mod health_check;
mod install;
mod last_boot;
mod lines;
mod machine;
mod minor;
mod name;
mod node;
mod phase;
mod problem;
mod release;
mod request;
mod reserve;
mod rights;
mod root;
mod service;
mod services;
mod state_repair;
mod status;
mod trial;
mod trial_logs;

pub mod early;
pub mod interface;
pub mod paths;
pub mod sealing;

pub use boot::{
    Attempt, BootRecord, BootTrial, Partitions, Slot, SlotBoots, Started, StateOutcome,
    UnconfirmedBoot, Watchdog, WhyUnconfirmed,
};
pub use calls::Calls;
pub use capability::Capability;
pub use client::{Client, ClientError};
pub use configured::{Configured, Tried};
pub use duration::Millis;
pub use file::{FileError, load, load_if_present, store};
pub use health_check::{HealthCheck, WorkloadKind};
pub use install::InstallState;
pub use last_boot::{Asked, Asker, BootEnd, BootNote, Down, LastBoot, OrderlyEnd};
pub use lines::Lines;
pub use machine::{KnownMachine, firmware_built_s};
pub use minor::{Minor, MinorError};
pub use name::{BadName, ServiceName};
pub use node::{NO_ADDRESS, NodeState, Standing};
pub use phase::{Phase, Stage};
pub use problem::Problem;
pub use release::Release;
pub use request::{Described, Request, Response};
pub use reserve::reserved_memory;
pub use rights::{Confinement, Files, HIDDEN_FILES, HIDDEN_FOLDERS, Rights};
pub use root::Root;
pub use service::{Group, KillWhat, Kind, ReadyWhen, Restart, RestartWhen, Service};
pub use services::{Services, ServicesError};
pub use state_repair::{STATE_REPAIR_RECORD, StateRepair, StateRepairKind};
pub use status::{
    Configuration, ConfigurationState, Exit, Mode, ServiceState, ServiceStatus, Status,
};
pub use trial::{PendingTrial, SlotRelease};
pub use trial_logs::TrialLogs;
