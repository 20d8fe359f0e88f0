//! The only unsafe code of Holdfast: kernel calls that no safe crate offers. Block device, device mapper, ext4,
//! watchdog and network ioctls; starting a process in a control group and within limits; taking over an inherited file descriptor; a
//! restart with a word.
//!
//! Everything here is a thin wrapper: it decides nothing, and a failing call becomes an [`std::io::Error`].
#![allow(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod confine;
mod ext4;
mod filter;
mod inherit;
mod ioctl;
mod mapper;
mod netdev;
mod restart;
mod spawn;
mod watchdog;

pub mod block;

pub use confine::{Limits, ViewStep};
pub use ext4::grow_ext4;
pub use filter::Filter;
pub use inherit::{inherited, keep_over_exec};
pub use mapper::{Mapper, Target};
pub use netdev::raise_interface;
pub use restart::restart_with;
pub use spawn::{Launch, ignore_broken_pipes};
pub use watchdog::Watchdog;
