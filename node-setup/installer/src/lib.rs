//! Unattended installation: from the stick that this machine was booted from onto one of its disks.
//!
//! - [`choose`]: which disk, as a pure decision over facts; a refusal lists every disk with the reason against it
//! - [`plan`], [`execute`]: the steps as data, and their dumb executor
//! - [`inspect`]: what is on a disk: nothing, data, an installation that was interrupted, or one that is done
//! - `boot_menu`, `next_start`: the firmware starts the disk next, though the stick may still be in
//! - [`serve`]: the service `holdfast node install`
//!
//! # Flow
//! Erase what is known of the disk; write the [`Mark`]; write boot partition, CONFIG and root A; flush; read all of it back from
//! the device and compare; write the partition table, backup first. The first boot formats state, as on every disk.
//!
//! # Guarantees
//! Until the table's last write nothing on the disk can be started, and a disk on which that write is missing is known by its mark and
//! taken again without a question. A disk that was started once is never taken for an interrupted installation. The stick is only
//! read.
//!
//! `docs/design/install.md` has every write, and what a cut leaves.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod access;
mod boot_menu;
mod choose;
mod device;
mod execute;
mod inspect;
mod machine;
mod mark;
mod next_start;
mod plan;
mod serve;
mod signatures;
mod source;
mod target;
mod told;

pub use choose::{Candidate, Refusal, WhyNot, choose};
pub use device::Device;
pub use execute::{Doing, Failure, Job, execute};
pub use inspect::{Content, inspect};
pub use machine::can_be_installed_onto;
pub use mark::Mark;
pub use plan::{Plan, PlanError, Step, plan};
pub use serve::serve;
pub use signatures::{Signature, SignatureError, signatures};
pub use source::{Files, Source, SourceError};
pub use target::Target;
