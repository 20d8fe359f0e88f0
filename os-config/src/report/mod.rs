//! What is wrong with a configuration, in full: where, what, and what to do.

mod finding;
mod problem;
pub(crate) mod syntax;

pub(crate) use finding::{Finding, MOST_FINDINGS, Place};
pub use problem::{Problem, Report};
