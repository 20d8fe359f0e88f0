//! PID 1 on the real root: phases, then services for as long as the machine is up, then an ordered end.
//!
//! # Guarantees
//! It never parses what a user wrote: `holdfast node configure` does, as a child. A child that fails leaves the machine in
//! maintenance mode: built-in services run, the problem is told, and a mended configuration is waited for.

mod addresses;
mod cards;
mod closed_state;
mod config_writes;
mod configure;
mod end;
mod file_systems;
mod folders;
mod identity;
mod last_boot;
mod led;
mod mount_line;
mod mounts;
mod next_start;
mod notes;
mod page;
mod phase;
mod power_button;
mod requests;
mod restore;
mod serve;
mod signals;
mod stage;
mod trial;
mod wake;

pub use last_boot::{Crash, read_crashes};
pub use next_start::before_restart;
pub(crate) use phase::Phase;
pub use requests::whole_requests;
pub(crate) use stage::run;
