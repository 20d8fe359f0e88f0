//! What can go wrong while a virtual machine is made, run or watched.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The act that failed, with the file, program or condition it failed on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or socket could not be read, written, made or removed.
    #[error("cannot {act} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, `connect to` …
        act: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program that the harness needs is missing on this host.
    #[error(
        "`{program}` is not installed; install it with `apt-get install {package}`, or run tools/setup"
    )]
    ProgramMissing {
        /// The program's name.
        program: String,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// A program could not be started for another reason.
    #[error("cannot run `{command}`")]
    Spawn {
        /// The whole command line.
        command: String,
        /// Why not.
        source: io::Error,
    },
    /// A program ran and said no.
    #[error("`{command}` failed ({status}): {stderr}")]
    Failed {
        /// The whole command line.
        command: String,
        /// Its exit status in words.
        status: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// QEMU's record of a disk's writes cannot be used.
    #[error("{} is no log of a disk's writes: {why}", log.display())]
    WriteLog {
        /// The record.
        log: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// QEMU is older than the oldest one that runs the image.
    #[error(
        "QEMU {found} is too old: it crashes the kernel under emulation. Install QEMU 9 or later (Debian 13's own, or on \
         Debian 12 `apt-get install -t bookworm-backports qemu-system-x86 qemu-utils`), or run tools/setup"
    )]
    QemuTooOld {
        /// The version that was found.
        found: String,
    },
    /// `qemu-system-x86_64 --version` printed something unknown.
    #[error("cannot read a version out of what QEMU printed: {0:?}")]
    QemuVersion(String),
    /// No UEFI firmware was found.
    #[error(
        "no UEFI firmware found (looked for {looked}); install it with `apt-get install {package}`, or run tools/setup"
    )]
    NoFirmware {
        /// The Debian package that has it.
        package: &'static str,
        /// The files that were tried.
        looked: String,
    },
    /// An override in the environment is not one of the known values.
    #[error("{variable}={value} is not known; use {known}")]
    Override {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        known: &'static str,
    },
    /// QEMU refused a command on its control socket.
    #[error("QEMU refused `{command}`: {reason}")]
    Qmp {
        /// The command.
        command: String,
        /// QEMU's own words.
        reason: String,
    },
    /// The control socket closed or spoke something else.
    #[error("QEMU's control socket: {0}")]
    QmpProtocol(String),
    /// A condition did not come true in time.
    #[error("waited {} s for {what}, in vain; the console's last lines:\n{last}", after.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
        /// The last lines of the console.
        last: String,
    },
    /// QEMU ended while something was waited for.
    #[error(
        "the virtual machine ended while waiting for {what}; the console's last lines:\n{last}"
    )]
    Ended {
        /// What was waited for.
        what: String,
        /// The last lines of the console.
        last: String,
    },
    /// The guest said something that means the awaited thing will not come.
    #[error("{what} will not come; the console's last lines:\n{last}")]
    Hopeless {
        /// What was waited for.
        what: String,
        /// The last lines of the console.
        last: String,
    },
    /// A command needs a running machine and there is none.
    #[error("no virtual machine runs in {}; start it with `holdfast vm{} up`", dir.display(), name_flag(dir))]
    NotRunning {
        /// The machine's folder.
        dir: PathBuf,
    },
    /// A command needs a stopped machine.
    #[error("the virtual machine in {} is running; stop it first with `holdfast vm{} stop`", dir.display(), name_flag(dir))]
    IsRunning {
        /// The machine's folder.
        dir: PathBuf,
    },
    /// The disk has no partition of that name.
    #[error("{} has no partition named {name}; it has: {have}", disk.display())]
    NoPartition {
        /// The disk's file.
        disk: PathBuf,
        /// The name looked for.
        name: String,
        /// The names that are there.
        have: String,
    },
    /// The disk's partition table or a file system on it could not be used.
    #[error("{}: {reason}", disk.display())]
    DiskContent {
        /// The disk's file.
        disk: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The configuration's `ssh_authorized_keys` is written in a way that a key cannot be added to.
    #[error(
        "cannot add the virtual machine's ssh key to line {line} of the configuration: write ssh_authorized_keys as a list"
    )]
    SshKeys {
        /// The line, counted from 1.
        line: usize,
    },
    /// The machine has no network card, so there is no way in.
    #[error(
        "the virtual machine has no network card: ssh and the API cannot be reached, only its console"
    )]
    NoNetwork,
}

/// ` --name NAME` of `holdfast vm` for the machine in this folder, which has its name; nothing for the one without.
#[must_use]
pub fn name_flag(dir: &Path) -> String {
    match dir.file_name().map(|name| name.to_string_lossy()) {
        Some(name) if name != "default" => format!(" --name {name}"),
        _ => String::new(),
    }
}

impl Error {
    /// For `map_err`: names the act and the file of an I/O error.
    pub(crate) fn file(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { act, path, source }
    }

    /// Whether this is a deadline that passed, for exit codes.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }
}
