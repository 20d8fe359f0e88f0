//! What init tells people: lines on the consoles and in the kernel's log, phases with their times.

mod cause;
mod log;
mod phases;

pub(crate) use cause::with_cause;
pub(crate) use log::Log;
pub(crate) use phases::Phases;
