//! The rendered control plane and the keeper, judged by the real thing: kine, API server, controller-manager and
//! scheduler run from our plan on loopback.
//!
//! The engine is the one that `HOLDFAST_ENGINE` names (`make unit` does), or the one in `build/`. Without one these tests
//! fail and say how to make it. Tests that need the same control plane share it: whoever comes first starts it, and whoever
//! leaves last stops it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod access;
mod audit;
mod datastore;
mod emulation;
mod engine;
mod fleet;
mod keeper;
mod offenders;
mod pruning;
mod rotation;
mod saved;
mod upgrader;
mod upgrades;
