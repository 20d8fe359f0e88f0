//! Switching a machine on, and finding the one that is.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use crate::names;
use crate::record::{read_json, write_json};
use crate::run::{RUN, Run};
use crate::tpm::Tpm;
use crate::{Error, Lan, Ports, Process, Qemu, Result, Running, Vm, command, raspberry_pi};

/// How often a start is tried when another program takes one of its ports first.
const STARTS: u32 = 5;

impl Vm {
    /// The QEMU that runs on it, or `None`.
    ///
    /// # Errors
    /// When what was written down about it cannot be read.
    pub fn running(&self) -> Result<Option<Running>> {
        let Some(run) = read_json::<Run>(&self.dir().join(RUN))? else {
            return Ok(None);
        };
        let Some(process) = Process::find(run.qemu) else {
            return Ok(None);
        };
        Running::attach(self.clone(), process, run).map(Some)
    }

    /// Switches it on. `name` is the machine's name in QEMU.
    ///
    /// # Errors
    /// When it runs already, or QEMU refuses.
    pub fn start(&self, name: &str, qemu: &Qemu) -> Result<Running> {
        self.start_with(name, qemu, &[])
    }

    pub(crate) fn start_with(&self, name: &str, qemu: &Qemu, more: &[&str]) -> Result<Running> {
        self.must_be_off()?;
        self.wait_for_tpms_end()?;
        self.remember_disk()?;
        if let Some(model) = raspberry_pi::model(self.spec().hardware.platform) {
            raspberry_pi::prepare(model, self.spec().memory_mib, &self.disk(), self.dir())?;
        }
        let log = self.console_log();
        let console = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::file("open", &log))?;
        let console_from = console.metadata().map_err(Error::file("read", &log))?.len();
        let mut tries = 1;
        let (ports, tpm) = loop {
            let ports = Ports::free()?;
            let mut arguments = self.spec().arguments(name, self.dir(), qemu, ports)?;
            arguments.extend(more.iter().map(|word| (*word).to_owned()));
            match self.launch(qemu, &arguments) {
                Ok(tpm) => break (ports, tpm),
                // Another program took the port between our look and QEMU's.
                Err(Error::Failed { stderr, .. })
                    if stderr.contains("host forwarding") && tries < STARTS =>
                {
                    tries += 1
                }
                Err(error) => return Err(error),
            }
        };
        let process = self.launched()?;
        let run = Run {
            qemu: process.identity(),
            tpm: tpm.as_ref().map(Tpm::identity),
            ports,
            console_from,
        };
        write_json(&self.dir().join(RUN), &run)?;
        let running = Running::attach(self.clone(), process, run)?;
        if self.spec().second_card {
            // QEMU begins with both networks behind it; the firmware alone has begun by now, and it asks neither.
            running.plug_into(Lan::Second)?;
        }
        Ok(running)
    }

    /// Starts QEMU, and before it the TPM that it looks for.
    fn launch(&self, qemu: &Qemu, arguments: &[String]) -> Result<Option<Tpm>> {
        let tpm = self.spec().tpm.then(|| Tpm::start(self.dir()));
        let tpm = tpm.transpose()?;
        let launched = self.launch_qemu(qemu, arguments);
        if let (Err(_), Some(tpm)) = (&launched, &tpm) {
            tpm.kill()?;
        }
        launched.map(|()| tpm)
    }

    /// Starts QEMU, which returns once it is in the background with all sockets listening.
    fn launch_qemu(&self, qemu: &Qemu, arguments: &[String]) -> Result<()> {
        let log = self.dir().join(names::QEMU_LOG);
        let stderr = File::create(&log).map_err(Error::file("write", &log))?;
        let mut command = Command::new(&qemu.program);
        command
            .current_dir(self.dir())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        let status = command.status().map_err(|source| {
            let package = self.spec().hardware.platform.package();
            command::spawn_error(&command, package, source)
        })?;
        if status.success() {
            return Ok(());
        }
        let stderr = fs::read_to_string(&log)
            .unwrap_or_default()
            .trim()
            .to_owned();
        Err(Error::Failed {
            command: qemu.program.display().to_string(),
            status: status.to_string(),
            stderr,
        })
    }

    fn launched(&self) -> Result<Process> {
        let written = Process::written_in(&self.dir().join(names::PID))?;
        written.ok_or_else(|| Error::NotRunning {
            dir: self.dir().to_owned(),
        })
    }
}
