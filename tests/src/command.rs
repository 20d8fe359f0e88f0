//! The command `holdfast vm`, run as a person runs it.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, ensure};

use crate::artefacts::{command, image, machines, root};

/// The name of the machine.
const NAME: &str = "by-command";

/// `holdfast vm` for one machine, which goes off and away with this value.
#[derive(Debug)]
pub struct VmCommand {
    program: PathBuf,
    machines: PathBuf,
}

impl VmCommand {
    /// Builds the command, and ends what an interrupted earlier run left.
    ///
    /// # Errors
    /// When it cannot be built, or another run of scenarios has the machines.
    pub fn build() -> anyhow::Result<Self> {
        let this = Self {
            program: command()?,
            machines: machines()?,
        };
        this.remove();
        Ok(this)
    }

    /// Runs `holdfast vm --name … WORDS`; gives its exit code and all that it printed.
    ///
    /// # Errors
    /// When it cannot be run, or a signal ended it.
    pub fn run(&self, words: &[&str]) -> anyhow::Result<(i32, String)> {
        let Output {
            status,
            stdout,
            stderr,
        } = self
            .command(words)
            .output()
            .context("cannot run holdfast")?;
        let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
        let code = status.code().context("a signal ended holdfast")?;
        Ok((code, text.into_owned()))
    }

    /// Like [`VmCommand::run`], for `up` with the image under test.
    ///
    /// # Errors
    /// Those of [`VmCommand::run`], and when there is no image.
    pub fn up(&self, words: &[&str]) -> anyhow::Result<(i32, String)> {
        let image = image()?.display().to_string();
        self.run(&[&["up", "--image", &image], words].concat())
    }

    /// Runs it and wants exit code 0; gives what it printed.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub fn succeed(&self, words: &[&str]) -> anyhow::Result<String> {
        let (code, said) = self.run(words)?;
        ensure!(code == 0, "holdfast vm {words:?}: exit code {code}: {said}");
        Ok(said)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(root())
            .env("HOLDFAST_VM_DIR", &self.machines)
            .args(["vm", "--name", NAME])
            .args(words);
        command
    }

    fn remove(&self) {
        // What does not run or is not there need not be ended.
        let _ = self.run(&["stop", "--timeout", "1s"]);
        let _ = std::fs::remove_dir_all(self.machines.join(NAME));
    }
}

impl Drop for VmCommand {
    fn drop(&mut self) {
        self.remove();
    }
}
