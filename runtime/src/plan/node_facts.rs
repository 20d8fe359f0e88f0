//! What is true of the node, and where it has its API.

use init_api::Minor;
use std::net::IpAddr;
use std::time::SystemTime;

/// Where components on the node reach the API.
pub const LOCAL_API: &str = "https://127.0.0.1:6443";
/// The API server's port.
pub const API_PORT: u16 = 6443;

/// What is true of the node right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The address that the cluster knows it by.
    pub address: IpAddr,
    /// Its memory, bytes.
    pub memory: u64,
    /// The clock.
    pub now: SystemTime,
    /// The minor release of Kubernetes that the control plane has to emulate; none if it is itself.
    pub emulate: Option<Minor>,
}
