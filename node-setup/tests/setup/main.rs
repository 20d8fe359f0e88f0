//! The crate from outside: whole plans, the executor below a root, configurations of a node in a directory.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

mod change;
mod configure;
mod errand;
mod execute;
mod founding;
mod impact;
mod node;
mod plan;
mod profiles;
mod sticks;
