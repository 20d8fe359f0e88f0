//! A configuration as a tree whose every key and value knows the place it was written at.
//!
//! It is open to those who make a configuration out of something else: they build a tree, ask for its [`problems`], and
//! write it down with [`to_yaml`].

mod node;
mod path;
pub(crate) mod reader;
pub(crate) mod scalar;
pub(crate) mod yaml;

pub use node::{Entry, Kind, Node, Span, Value};
pub use path::{Path, Step};
pub use yaml::lenient;

pub use crate::load::problems;
pub use crate::show::{to_json, to_yaml};
