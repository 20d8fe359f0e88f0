//! That the node was Ready in this boot is noted once: the next boot tells a crash on the way up from one of a node at work.

use super::last_boot;
use init_api::Root;
use std::thread::{self, JoinHandle};

/// Whether it was noted.
#[derive(Debug, Default)]
pub(super) struct ReadyNote {
    was_ready: bool,
    /// A disk that hangs must not hang PID 1.
    writing: Option<JoinHandle<()>>,
}

impl ReadyNote {
    /// The node is Ready.
    pub(super) fn note(&mut self, root: &Root) {
        if self.was_ready {
            return;
        }
        self.was_ready = true;
        let root = root.clone();
        // A state partition that takes no writes is told elsewhere.
        let write = move || drop(last_boot::note_ready(&root));
        self.writing = thread::Builder::new().spawn(write).ok();
    }

    /// Whether it was, and what still writes it: the last note of the boot comes after.
    pub(super) fn end(self) -> (bool, Option<JoinHandle<()>>) {
        (self.was_ready, self.writing)
    }
}
