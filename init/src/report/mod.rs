//! What init tells people: lines on the consoles and in the kernel's log, phases with their times.

mod cause;
mod log;
mod phases;

pub use cause::with_cause;
pub use log::Log;
pub use phases::Phases;
