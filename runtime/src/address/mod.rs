//! The address that the cluster knows the node by: found, waited for, or made up.

mod choose;
mod host;
mod wait;

pub use choose::{Choice, Host, Link, LinkState, choose};
pub use host::{HostError, read_host};
pub use wait::{FALLBACK, Patience, find, make_fallback};
