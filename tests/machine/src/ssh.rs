//! The host's `ssh`, with a key pair that belongs to one virtual machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{Error, Result, command};

/// The Debian package with `ssh` and `ssh-keygen`.
const PACKAGE: &str = "openssh-client";
/// The private key's file in a machine's folder.
const KEY: &str = "ssh_key";
/// The user whose keys `ssh_authorized_keys` sets.
const USER: &str = "root";

/// A way into one virtual machine.
#[derive(Debug, Clone)]
pub struct Ssh {
    dir: PathBuf,
    port: u16,
}

impl Ssh {
    pub(crate) fn new(dir: &Path, port: u16) -> Self {
        Self {
            dir: dir.to_owned(),
            port,
        }
    }

    /// Makes the key pair in `dir` if it is not there, and returns the public half.
    pub(crate) fn key(dir: &Path) -> Result<String> {
        let key = dir.join(KEY);
        if !key.exists() {
            let mut keygen = Command::new("ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "holdfast-vm", "-f"])
                .arg(&key);
            command::run(&mut keygen, PACKAGE)?;
        }
        let public = key.with_extension("pub");
        Ok(fs::read_to_string(&public)
            .map_err(Error::file("read", &public))?
            .trim()
            .to_owned())
    }

    /// `ssh` with its options, ready for a command to be appended; standard streams are the caller's.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(self.options()).arg(format!("{USER}@127.0.0.1"));
        ssh
    }

    /// The options, for people to copy.
    #[must_use]
    pub fn shown(&self) -> String {
        format!(
            "ssh -F none -i {} -p {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null {USER}@127.0.0.1",
            self.dir.join(KEY).display(),
            self.port
        )
    }

    /// Runs a command line in the guest's shell and returns what it printed; a failure carries its standard error.
    ///
    /// # Errors
    /// When ssh cannot get in, or the command's exit code is not 0.
    pub fn run(&self, line: &str) -> Result<String> {
        let output = command::run(self.command().arg("--").arg(line), PACKAGE)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Like [`Ssh::run`], but any exit code is a result.
    ///
    /// # Errors
    /// When `ssh` cannot be started.
    pub fn try_run(&self, line: &str) -> Result<Output> {
        command::try_run(self.command().arg("--").arg(line), PACKAGE)
    }

    /// Runs a command line in the guest with a file of the host as its standard input.
    ///
    /// # Errors
    /// As [`Ssh::run`].
    pub fn send(&self, file: &Path, line: &str) -> Result<String> {
        let input = fs::File::open(file).map_err(Error::file("read", file))?;
        let mut ssh = self.command();
        ssh.arg("--").arg(line);
        let output = command::run_with_input(&mut ssh, PACKAGE, input)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn options(&self) -> Vec<String> {
        let mut list: Vec<String> = ["-F", "none", "-i"].map(str::to_owned).to_vec();
        list.push(self.dir.join(KEY).to_string_lossy().into_owned());
        list.extend(["-p".to_owned(), self.port.to_string()]);
        for option in [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            // A machine made anew has a new key at the same address; nobody stands between loopback and guest.
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=30",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=8",
        ] {
            list.extend(["-o".to_owned(), option.to_owned()]);
        }
        list
    }
}
