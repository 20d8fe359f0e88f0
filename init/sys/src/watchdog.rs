//! A hardware watchdog. It is never disarmed: closing it without the magic letter leaves it running, which is the point.

use crate::ioctl::{READ, WRITE, ioctl, request};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

const WDIOC_GETSUPPORT: u32 = request(READ, b'W', 0, size_of::<Info>());
const WDIOC_GETBOOTSTATUS: u32 = request(READ, b'W', 2, size_of::<libc::c_int>());
const WDIOC_SETTIMEOUT: u32 = request(READ | WRITE, b'W', 6, size_of::<libc::c_int>());
const WDIOC_GETTIMEOUT: u32 = request(READ, b'W', 7, size_of::<libc::c_int>());

/// The bit of the boot status that says so.
const WDIOF_CARDRESET: libc::c_int = 0x20;

/// `struct watchdog_info`.
#[repr(C)]
struct Info {
    options: u32,
    firmware: u32,
    identity: [u8; 32],
}

/// An armed watchdog.
#[derive(Debug)]
pub struct Watchdog {
    file: File,
}

impl Watchdog {
    /// Opens the device, which arms it.
    ///
    /// # Errors
    /// No such device, or somebody has it.
    pub fn arm(device: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(device)?;
        Ok(Self { file })
    }

    /// An armed watchdog that the program before us left open.
    pub fn from_inherited(fd: OwnedFd) -> Self {
        Self { file: fd.into() }
    }

    /// Gives up the descriptor; the watchdog stays armed.
    pub fn into_fd(self) -> OwnedFd {
        self.file.into()
    }

    /// The name that its driver gives.
    ///
    /// # Errors
    /// It is not a watchdog.
    pub fn identity(&self) -> io::Result<String> {
        let mut info = Info {
            options: 0,
            firmware: 0,
            identity: [0; 32],
        };
        // SAFETY: WDIOC_GETSUPPORT writes one `struct watchdog_info`.
        unsafe { ioctl(self.file.as_fd(), WDIOC_GETSUPPORT, &mut info) }?;
        let end = info
            .identity
            .iter()
            .position(|b| *b == 0)
            .unwrap_or(info.identity.len());
        Ok(String::from_utf8_lossy(&info.identity[..end]).into_owned())
    }

    /// Whether the hardware says that it did the last reset of the machine. Many drivers never do.
    ///
    /// # Errors
    /// The driver does not tell.
    pub fn did_the_last_reset(&self) -> io::Result<bool> {
        let mut status: libc::c_int = 0;
        // SAFETY: WDIOC_GETBOOTSTATUS writes one int.
        unsafe { ioctl(self.file.as_fd(), WDIOC_GETBOOTSTATUS, &mut status) }?;
        Ok(status & WDIOF_CARDRESET != 0)
    }

    /// Asks for a timeout and tells the one that the hardware took.
    ///
    /// # Errors
    /// The hardware knows no timeouts.
    pub fn set_timeout(&self, wanted: Duration) -> io::Result<Duration> {
        let mut seconds = libc::c_int::try_from(wanted.as_secs()).unwrap_or(libc::c_int::MAX);
        // SAFETY: WDIOC_SETTIMEOUT reads and writes one int.
        unsafe { ioctl(self.file.as_fd(), WDIOC_SETTIMEOUT, &mut seconds) }?;
        self.timeout()
    }

    /// The timeout in force.
    ///
    /// # Errors
    /// The driver does not tell.
    pub fn timeout(&self) -> io::Result<Duration> {
        let mut seconds: libc::c_int = 0;
        // SAFETY: WDIOC_GETTIMEOUT writes one int.
        unsafe { ioctl(self.file.as_fd(), WDIOC_GETTIMEOUT, &mut seconds) }?;
        Ok(Duration::from_secs(seconds.unsigned_abs().into()))
    }

    /// A sign of life.
    ///
    /// # Errors
    /// The device is gone.
    pub fn feed(&mut self) -> io::Result<()> {
        // Any byte but 'V' will do.
        self.file.write_all(b"\0")
    }
}
