//! A configuration as a tree whose every key and value knows the place it was written at.

mod node;
mod path;
pub(crate) mod reader;
pub(crate) mod scalar;
pub(crate) mod yaml;

pub(crate) use node::{Entry, Kind, Node, Span, Value};
pub(crate) use path::{Path, Step};
