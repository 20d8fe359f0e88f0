//! A QEMU virtual machine driven through serial console, QMP and ssh.
//!
//! The `holdfast vm` command and the VM scenarios use the same machine: a folder with a disk, UEFI variables, a
//! console log and two sockets ([`Vm`]), and QEMU running on it ([`Running`]). Three principles:
//!
//! - The guest is a black box. It boots the very image that is flashed; what it does is read from its serial console.
//! - Nothing sleeps. Waiting means polling descriptors that become readable when something happened, with a deadline.
//! - A process is only ever signalled when its id *and* its start time are the ones that were written down.

#![forbid(unsafe_code)]

mod accel;
mod attach;
mod cable;
mod command;
mod config_partition;
mod console;
mod disk;
mod error;
mod event;
mod evidence;
mod firmware;
mod hardware;
mod keyboard;
mod kubectl;
mod mainboard;
mod moment;
mod names;
mod network;
mod platform;
mod power_button;
mod process;
mod processor;
mod qemu;
mod qmp;
mod raspberry_pi;
mod record;
mod recording;
mod run;
mod running;
mod snapshot;
mod spec;
mod ssh;
mod start;
mod stick;
mod tpm;
mod vm;
mod write_log;

pub use accel::Accel;
pub use attach::{attach, follow, type_line};
pub use config_partition::with_ssh_key;
pub use console::{Console, Line};
pub use disk::{Disk, Partition};
pub use error::{Error, Result, name_flag};
pub use event::Event;
pub use evidence::keep as keep_evidence;
pub use firmware::{Firmware, Images};
pub use hardware::{Bus, Card, Hardware, Watchdog};
pub use kubectl::{Kubectl, with_server};
pub use moment::Deadline;
pub use network::{Lan, Network, Ports};
pub use platform::Platform;
pub use process::Process;
pub use processor::Processor;
pub use qemu::Qemu;
pub use qmp::Qmp;
pub use record::{read_json, write_json};
pub use recording::Recording;
pub use running::Running;
pub use snapshot::Snapshot;
pub use spec::{Cache, Clock, Spec};
pub use ssh::Ssh;
pub use vm::Vm;
pub use write_log::Loss;
