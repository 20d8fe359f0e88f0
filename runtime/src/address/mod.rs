//! The address that the cluster knows the node by: found, waited for, or made up.

mod changes;
mod choose;
mod host;
mod wait;

pub use changes::Changes;
pub use choose::{Choice, Host, Link, LinkState, choose, holds};
pub use host::{HostError, interface_of, read_host};
pub use wait::{FALLBACK, Patience, find, make_fallback};
