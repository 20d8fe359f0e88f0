//! What crosses the border of PID 1: service descriptions, status, requests, and the records that init's stages leave
//! for each other, and the one way a file is replaced whole. Plain serde types; JSON in files below `/run/holdfast` and, one line each way, on PID 1's socket.
//!
//! Parsing is strict: an unknown key is an error, so that two parts of different builds notice each other at once.

#![forbid(unsafe_code)]

mod boot;
mod client;
mod configured;
mod duration;
mod file;
mod name;
mod node;
mod problem;
mod release;
mod request;
mod service;
mod services;
mod status;

pub mod atomic;
pub mod interface;
pub mod paths;

pub use boot::{BootRecord, Partitions, Slot, StateOutcome, Watchdog};
pub use client::{Client, ClientError};
pub use configured::Configured;
pub use duration::Millis;
pub use file::{FileError, load, load_if_present, store};
pub use name::{BadName, ServiceName};
pub use node::{NO_ADDRESS, NodeState};
pub use problem::Problem;
pub use release::Release;
pub use request::{Request, Response};
pub use service::{Group, KillWhat, Kind, ReadyWhen, Restart, RestartWhen, Service};
pub use services::{Services, ServicesError};
pub use status::{
    Configuration, ConfigurationState, Exit, Mode, Phase, ServiceState, ServiceStatus, Stage,
    Status,
};
