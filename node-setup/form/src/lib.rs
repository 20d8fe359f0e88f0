//! The form on the console: asks the person at a machine without a configuration for what one needs.
//!
//! - [`Facts`]: the machine's disks and network cards
//! - [`Form`]: the questions as a state machine; each answer leads to the next question, or to a configuration
//! - [`serve`]: the service `holdfast node form`: every console is listened to, and the one on which Enter is pressed gets the form
//!
//! # Flow
//! Where does the system run (a disk to install onto, or the one that was booted), its name, its network, an ssh key; then the
//! configuration is shown, and only a `yes` writes it. `back` goes to the question before.
//!
//! # Guarantees
//! What is handed on is a right configuration: it was read as every node reads it. Nothing is written here.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod answers;
mod consoles;
mod facts;
mod form;
mod question;
mod serve;

pub use facts::{Card, DiskFacts, Facts};
pub use form::{Form, Heard};
pub use serve::{FormError, serve};
