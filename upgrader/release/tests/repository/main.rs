//! Repositories made with keys of the moment, read from folders and from a server that may be an attacker's.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test's files need not outlast it"
)]

mod attacks;
mod clock;
mod excerpt;
mod halfway;
mod keys;
mod network;
mod publishing;
mod reading;
mod rescue;
mod server;
mod shop;
