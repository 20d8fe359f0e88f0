//! What is said about upgrades: requests to the agent and its answers, JSON lines on its socket, and the records that it keeps.
//!
//! Records are read leniently: an older release reads what a newer one wrote.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod answer;
mod brought;
mod client;
mod record;
mod request;

pub use answer::{Answer, Doing, Offer, Progress, Report};
pub use brought::{Brought, Way};
pub use client::{Client, ClientError};
pub use record::{Event, FailedRelease, Happened, Record, StagedRelease};
pub use request::{Request, StageRequest, Wanted};
