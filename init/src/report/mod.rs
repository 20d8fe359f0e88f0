//! What init tells people: lines on the consoles and in the kernel's log, phases with their times.

#[cfg(test)]
mod cause;
mod log;
mod phases;

pub(crate) use log::Log;
pub(crate) use phases::Phases;
