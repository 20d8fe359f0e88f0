//! The controller: decides which node of a fleet is upgraded when, and asks the nodes for it.
//!
//! It runs in the cluster and holds no right on a host: what it asks for, a node's own upgrader does, and only with releases that
//! are signed. Everything in it is level-triggered: it compares what the API server has with what `Upgrade` resources want, and
//! takes the next steps. It keeps nothing that it cannot find there again, so it may end at any moment.
//!
//! What decides lies in [`plan`], pure; [`watch`] brings the facts, [`execute`] carries out, [`tell`] says so.

#![forbid(unsafe_code)]

mod choose;
mod error;
mod execute;
mod facts;
mod leader;
mod metrics;
mod plan;
mod pods;
mod removed;
mod run;
mod stand;
mod tell;
mod watch;
mod window;

pub use error::ControllerError;
pub use run::{client, lead, run};
