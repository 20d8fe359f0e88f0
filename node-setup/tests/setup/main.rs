//! The crate from outside: whole plans, the executor below a root, configurations of a node in a directory.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod apply;
mod change;
mod configure;
mod encryption;
mod execute;
mod firewall;
mod founding;
mod impact;
mod install_stick;
mod last_good;
mod maintenance;
mod network_manager;
mod node;
mod online;
mod plan;
mod policy;
mod profiles;
mod rescue;
mod sticks;
mod told;
