//! QEMU running on a machine's folder: waiting, ways in, ways to end it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::Bus;
use crate::keyboard::Keyboard;
use crate::names;
use crate::power_button::press_until_off;
use crate::run::{RUN, Run};
use crate::tpm::Tpm;
use crate::{
    Console, Deadline, Error, Event, Kubectl, Line, Network, Ports, Process, Qmp, Result, Ssh, Vm,
    with_server,
};

/// How long QEMU may take to end after it was told to.
const QUIT_WITHIN: Duration = Duration::from_secs(30);
/// How long a device may take to be gone after it was pulled out.
const PULLED_WITHIN: Duration = Duration::from_secs(30);
/// A stick that was plugged in while the machine ran.
const PLUGGED: &str = "plugged";
/// How long the console is read on after it said that the node will not be Ready.
const REASON_WITHIN: Duration = Duration::from_secs(3);

/// A machine that is switched on. Dropping this leaves it on, unless it is [`Running::owned`].
#[derive(Debug)]
pub struct Running {
    vm: Vm,
    process: Process,
    tpm: Option<Tpm>,
    ports: Ports,
    console: Console,
    owned: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.owned {
            // Nobody is left to tell; the next start on this folder would notice.
            let _ = self.process.kill();
            let _ = self.process.wait(Deadline::after(QUIT_WITHIN));
            let _ = self.wait_for_tpms_end();
        }
    }
}

impl Running {
    pub(crate) fn attach(vm: Vm, process: Process, run: Run) -> Result<Self> {
        let console = Console::open(&vm.console_log(), run.console_from)?;
        Ok(Self {
            vm,
            process,
            tpm: run.tpm.and_then(Tpm::find),
            ports: run.ports,
            console,
            owned: false,
        })
    }

    /// The same machine, now ending together with this value: for tests, which must leave nothing behind.
    #[must_use]
    pub fn owned(mut self) -> Self {
        self.owned = true;
        self
    }

    /// The machine.
    #[must_use]
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The loopback ports that lead into it.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// QEMU's process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// All lines of its console that were read so far in this run.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Lets `length` go by while the console is read; `each` sees its lines.
    ///
    /// # Errors
    /// When the machine ends before.
    pub fn let_run(&mut self, length: Duration, mut each: impl FnMut(&Line)) -> Result<()> {
        let outcome = self.wait_for("the moment", Deadline::after(length), |line| {
            each(line);
            None::<()>
        });
        match outcome {
            Err(error) if error.is_timeout() => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// Waits until `matcher` returns something for a line of the console.
    ///
    /// # Errors
    /// As [`Console::wait_for`].
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        deadline: Deadline,
        matcher: impl FnMut(&crate::Line) -> Option<T>,
    ) -> Result<(Duration, T)> {
        self.console
            .wait_for(what, &self.process, deadline, matcher)
    }

    /// Waits for a line of the console that contains `text`.
    ///
    /// # Errors
    /// As [`Console::wait_for`].
    pub fn wait_for_text(&mut self, text: &str, deadline: Deadline) -> Result<crate::Line> {
        self.console.wait_for_text(text, &self.process, deadline)
    }

    /// Types a key until the console shows `text`, which need not be a whole line; then `keys` until it shows `done`: a boot loader forgets
    /// what was typed while it drew its menu, and QEMU what a closed connection left before a serial port that is full.
    ///
    /// # Errors
    /// As [`Console::wait_for`], or when nothing can be typed.
    pub fn hold_key(
        &mut self,
        key: &str,
        text: &str,
        (keys, done): (&str, &str),
        deadline: Deadline,
    ) -> Result<()> {
        let mut keyboard = Keyboard::connect(self.vm.dir())?;
        self.console
            .repeat_until_shown(text, &self.process, deadline, || keyboard.type_keys(key))?;
        let deadline = Deadline::after(deadline.length());
        self.console
            .repeat_until_shown(done, &self.process, deadline, || keyboard.type_keys(keys))
    }

    /// Waits until the console says that the node is Ready and returns when it did. Maintenance mode and a kernel
    /// panic end the wait at once. `each` sees every event on the way.
    ///
    /// # Errors
    /// As [`Console::wait_for`], and [`Error::Hopeless`].
    pub fn wait_ready(
        &mut self,
        deadline: Deadline,
        mut each: impl FnMut(&crate::Line, &Event),
    ) -> Result<Duration> {
        let (at, outcome) = self.wait_for("the node to be Ready", deadline, |line| {
            let event = line.event()?;
            each(line, &event);
            match event {
                Event::Ready { .. } => Some(Ok(())),
                Event::Maintenance(_) | Event::Panic(_) => Some(Err(())),
                _ => None,
            }
        })?;
        if outcome.is_err() {
            // The reason stands in the lines that follow; it is shown with them.
            let _ = self.wait_for("the reason", Deadline::after(REASON_WITHIN), |_| None::<()>);
            return Err(Error::Hopeless {
                what: "a Ready node".to_owned(),
                last: self.console.tail(),
            });
        }
        Ok(at)
    }

    /// A connection to QEMU's control socket.
    ///
    /// # Errors
    /// When QEMU does not answer.
    pub fn qmp(&self) -> Result<Qmp> {
        Qmp::connect(self.vm.dir(), names::QMP)
    }

    /// Pulls the install stick out while the machine runs.
    ///
    /// # Errors
    /// When there is none.
    pub fn pull_install_stick(&self) -> Result<()> {
        self.pull("install-stick")
    }

    /// Pulls the stick of [`Vm::place_stick`] out while the machine runs.
    ///
    /// # Errors
    /// When there is none.
    pub fn pull_stick(&self) -> Result<()> {
        self.pull("plugged-stick")?;
        self.forget_drive(PLUGGED)
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// When it is in.
    pub fn plug_stick(&self) -> Result<()> {
        let image = self.vm.dir().join(names::STICK);
        let mut qmp = self.qmp()?;
        let file = json!({ "driver": "file", "filename": image.display().to_string() });
        let drive = json!({ "driver": "raw", "node-name": PLUGGED, "file": file });
        qmp.execute("blockdev-add", Some(drive))?;
        let device = json!({ "driver": "usb-storage", "bus": "usb.0", "drive": PLUGGED,
            "id": "plugged-stick", "removable": true });
        qmp.execute("device_add", Some(device)).map(drop)
    }

    fn pull(&self, id: &str) -> Result<()> {
        let stick = json!({ "id": id });
        self.qmp()?.execute("device_del", Some(stick)).map(drop)
    }

    /// Has QEMU close what a device that was pulled out was made of. A drive that came with the machine goes by itself.
    fn forget_drive(&self, name: &str) -> Result<()> {
        let (mut qmp, deadline) = (self.qmp()?, Deadline::after(PULLED_WITHIN));
        loop {
            match qmp.execute("blockdev-del", Some(json!({ "node-name": name }))) {
                Err(Error::Qmp { reason, .. }) if reason.contains("Failed to find node") => {
                    return Ok(());
                }
                // The device is on its way out.
                Err(Error::Qmp { reason, .. })
                    if reason.contains("in use") && !deadline.left().is_zero() =>
                {
                    std::thread::sleep(Duration::from_millis(50));
                }
                done => return done.map(drop),
            }
        }
    }

    /// The way in by ssh. It works from the moment the console reports the ssh service.
    ///
    /// # Errors
    /// [`Error::NoNetwork`] for a machine without a card.
    pub fn ssh(&self) -> Result<Ssh> {
        self.must_have_network()?;
        Ok(Ssh::new(self.vm.dir(), self.ports.ssh))
    }

    /// The way to the API, with a kubeconfig that is fetched by ssh once and kept in the machine's folder. It outlasts
    /// reboots of the guest, since the cluster's authority does.
    ///
    /// # Errors
    /// When ssh fails, which it does before the cluster's certificates are made.
    pub fn kubectl(&self) -> Result<Kubectl> {
        let file = self.vm.dir().join("kubeconfig");
        if self.fetched_in_this_run(&file) {
            return Ok(Kubectl::new(&file));
        }
        let given = self.ssh()?.run("holdfast kubeconfig")?;
        let text = with_server(&given, &format!("https://127.0.0.1:{}", self.ports.api));
        fs::write(&file, text).map_err(Error::file("write", &file))?;
        Ok(Kubectl::new(&file))
    }

    /// Has the next [`Running::kubectl`] fetch its kubeconfig anew: a reset or a restored backup makes another cluster of the node.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_cluster(&self) -> Result<()> {
        let file = self.vm.dir().join("kubeconfig");
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("remove", &file)(error))
            }
            _ => Ok(()),
        }
    }

    /// Whether `file` was written since QEMU was started: ports change with every start.
    fn fetched_in_this_run(&self, file: &Path) -> bool {
        let age = |file: &Path| fs::metadata(file).and_then(|data| data.modified());
        let started = age(&self.vm.dir().join(RUN));
        matches!((age(file), started), (Ok(fetched), Ok(started)) if fetched > started)
    }

    /// Slows the disk down to so many bytes and operations a second, from now on; 0 is as fast as it can.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn throttle_disk(&self, bytes: u64, operations: u64) -> Result<()> {
        let limits = json!({
            "device": "disk", "bps": bytes, "bps_rd": 0, "bps_wr": 0, "iops": operations, "iops_rd": 0, "iops_wr": 0,
        });
        let mut qmp = self.qmp()?;
        qmp.execute("block_set_io_throttle", Some(limits)).map(drop)
    }

    /// The serial port's socket, for typing.
    #[must_use]
    pub fn console_socket(&self) -> PathBuf {
        self.vm.dir().join(names::CONSOLE_SOCKET)
    }

    /// Presses the power button and waits for the end; `false` when the guest did not end in time.
    ///
    /// # Errors
    /// When QEMU does not answer.
    pub fn power_down(&self, deadline: Deadline) -> Result<bool> {
        let off = press_until_off(
            || {
                let mut qmp = self.qmp()?;
                qmp.execute("system_powerdown", None).map(drop)
            },
            |within| self.process.wait(Deadline::after(within)),
            deadline,
        )?;
        if off {
            self.wait_for_tpms_end()?;
        }
        Ok(off)
    }

    /// Pulls the plug: what the guest has not flushed is lost. Of an SD card nothing is that was acknowledged: nothing flushes one,
    /// so that QEMU's own notes of where the blocks of its file are would be lost with it, which no card does.
    ///
    /// # Errors
    /// When QEMU cannot be killed.
    pub fn power_cut(self) -> Result<Vm> {
        match self.vm.spec().hardware.bus {
            Bus::Sd => self.quit(),
            _ => self.kill(),
        }
    }

    fn kill(self) -> Result<Vm> {
        self.process.kill()?;
        self.gone()
    }

    /// Ends QEMU at once, with its own caches written.
    ///
    /// # Errors
    /// When QEMU does not end.
    pub fn quit(self) -> Result<Vm> {
        match self.qmp().and_then(|mut qmp| qmp.execute("quit", None)) {
            // It may end before it answers.
            Ok(_) | Err(Error::QmpProtocol(_)) => self.gone(),
            Err(_) => self.kill(),
        }
    }

    fn gone(self) -> Result<Vm> {
        if self.process.wait(Deadline::after(QUIT_WITHIN)) {
            self.wait_for_tpms_end()?;
            return Ok(self.vm.clone());
        }
        Err(Error::TimedOut {
            what: format!("the end of QEMU (process {})", self.process.pid()),
            after: QUIT_WITHIN,
            last: self.console.tail(),
        })
    }

    /// Of a machine that has ended: nothing of it is left behind.
    fn wait_for_tpms_end(&self) -> Result<()> {
        self.tpm.as_ref().map_or(Ok(()), Tpm::wait_for_end)
    }

    fn must_have_network(&self) -> Result<()> {
        match self.vm.spec().network {
            Network::Absent => Err(Error::NoNetwork),
            Network::Online | Network::Offline => Ok(()),
        }
    }
}
