//! Keeping services: a pure machine that decides, and a supervisor that does.

mod builtin;
mod confine;
mod group;
mod launch;
mod log_file;
mod logs;
mod machine;
mod pipes;
mod protection;
mod ready;
mod supervisor;
mod tail;
mod turns;
mod unit;

pub(crate) use builtin::BuiltIn;
pub(crate) use group::Groups;
pub(crate) use group::{is_populated, kill, processes};
pub(crate) use machine::{Action, Event, Machine, State};
pub(crate) use protection::Machine as MachineSize;
pub(crate) use supervisor::Supervisor;
pub(crate) use turns::take_turns;
