//! What the page shows.

use init_api::{Problem, Status};
use std::net::IpAddr;

/// What the page shows.
#[derive(Debug)]
pub(in crate::system) struct View<'a> {
    /// How things stand.
    pub(in crate::system) status: &'a Status,
    /// Where others reach the machine.
    pub(in crate::system) addresses: Vec<IpAddr>,
    /// What of the configuration did not work and did not stop the node.
    pub(in crate::system) notes: &'a [String],
}

impl View<'_> {
    /// What a person has to mend: the machine's problem, and what the keeper tells about the cluster or the
    /// installer about its disks.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Problem> {
        let node = self.status.node.as_ref();
        let of_node = node.and_then(|node| node.problem.as_ref());
        let install = self.status.install.as_ref();
        let of_install = install.and_then(|install| install.problem.as_ref());
        self.status.problem.iter().chain(of_node).chain(of_install)
    }
}
