//! A TPM 2.0 on a machine's mainboard, which a process of its own emulates (`swtpm`), one for each start of QEMU.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::names;
use crate::process::Identity;
use crate::{Deadline, Error, Platform, Process, Result, command};

/// The program, and the Debian package that has it.
const SWTPM: &str = "swtpm";
/// How long it may take to end when QEMU has ended.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// QEMU's arguments for it, to be run inside the machine's folder.
pub(crate) fn arguments(platform: Platform) -> [String; 6] {
    let socket = format!("socket,id=tpm,path={}", names::TPM_SOCKET);
    let device = format!("{},tpmdev=tpm", platform.tpm());
    let emulator = "emulator,id=tpm,chardev=tpm";
    ["-chardev", &socket, "-tpmdev", emulator, "-device", &device].map(str::to_owned)
}

/// The process that emulates it.
#[derive(Debug)]
pub(crate) struct Tpm {
    process: Process,
}

impl Tpm {
    /// Starts it in the machine's folder `dir`, in the background, where its socket listens. It ends by itself when QEMU hangs up, however
    /// QEMU ends, and whether or not anybody is there to see to it.
    ///
    /// # Errors
    /// When the program is not installed, or refuses.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let kept = dir.join(names::TPM);
        fs::create_dir_all(&kept).map_err(Error::file("make", &kept))?;
        let mut swtpm = Command::new(SWTPM);
        swtpm
            .current_dir(dir)
            // It leaves the folder later, so this is a whole path; and no argument, which a comma would end.
            .env("TPM_PATH", &kept)
            .args(["socket", "--tpm2", "--terminate", "--daemon", "--ctrl"])
            .arg(format!("type=unixio,path={}", names::TPM_SOCKET))
            .args(["--pid", &format!("file={}", names::TPM_PID)])
            .args(["--log", &format!("file={}", names::TPM_LOG)]);
        command::run(&mut swtpm, SWTPM)?;
        let process = Process::written_in(&dir.join(names::TPM_PID))?;
        let process = process.ok_or_else(|| Error::Failed {
            command: SWTPM.to_owned(),
            status: "it ended at once".to_owned(),
            stderr: fs::read_to_string(dir.join(names::TPM_LOG)).unwrap_or_default(),
        })?;
        Ok(Self { process })
    }

    /// The one that was written down as `identity`, if it still lives.
    pub(crate) fn find(identity: Identity) -> Option<Self> {
        Process::find(identity).map(|process| Self { process })
    }

    pub(crate) fn identity(&self) -> Identity {
        self.process.identity()
    }

    /// Waits until it has ended, of which QEMU's end is the cause; one that does not end is killed.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub(crate) fn wait_for_end(&self) -> Result<()> {
        match self.process.wait(Deadline::after(ENDS_WITHIN)) {
            true => Ok(()),
            false => self.kill(),
        }
    }

    /// Ends one that QEMU never came to, which waits for it for ever.
    ///
    /// # Errors
    /// When that is not allowed.
    pub(crate) fn kill(&self) -> Result<()> {
        self.process.kill()?;
        // What was killed and still lives hangs in the kernel: nothing here would help.
        let _ = self.process.wait(Deadline::after(ENDS_WITHIN));
        Ok(())
    }
}
