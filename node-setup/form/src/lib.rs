//! What a person at the console is asked: at a machine without a configuration for what one needs, in maintenance mode for what to do.
//!
//! - [`Facts`]: the machine's disks and network cards
//! - [`Form`]: the questions as a state machine; each answer leads to the next question, or to a configuration
//! - [`serve`]: the service `holdfast node form`: every console is listened to, and the one on which Enter is pressed gets the form
//! - [`Menu`] and [`serve_menu`]: the same for maintenance mode that somebody asked for: restart, power off, reset
//!
//! # Flow
//! Where does the system run (a disk to install onto, or the one that was booted), its name, its network, an ssh key; then the
//! configuration is shown, and only a `yes` writes it. `back` goes to the question before.
//!
//! # Guarantees
//! A configuration that is handed on is right: it was read as every node reads it. A reset needs a number and a word. Nothing is written
//! here.

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
mod conversation;
mod facts;
mod form;
mod menu;
mod question;
mod serve;

pub use conversation::{Conversation, Heard};
pub use facts::{Card, DiskFacts, Facts};
pub use form::Form;
pub use menu::{Menu, Wish};
pub use serve::{FormError, serve, serve_menu};
