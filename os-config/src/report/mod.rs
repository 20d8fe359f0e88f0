//! What is wrong with a configuration, in full: where, what, and what to do.

mod finding;
mod problem;
pub(crate) mod syntax;

pub use finding::Finding;
pub(crate) use finding::MOST_FINDINGS;
pub use problem::{Problem, Report};
