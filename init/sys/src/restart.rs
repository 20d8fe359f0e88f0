//! A restart with a word for whoever in the kernel listens (reboot(2), `LINUX_REBOOT_CMD_RESTART2`).

use std::ffi::CStr;
use std::io;

/// Restarts the machine at once; comes back only with the reason why it could not. Nothing is written to disks any more.
pub fn restart_with(word: &CStr) -> io::Error {
    // SAFETY: the pointer is valid for the whole call, and the kernel reads up to its zero byte, 255 bytes at most.
    unsafe {
        libc::syscall(
            libc::SYS_reboot,
            libc::LINUX_REBOOT_MAGIC1,
            libc::LINUX_REBOOT_MAGIC2,
            libc::LINUX_REBOOT_CMD_RESTART2,
            word.as_ptr(),
        );
    }
    io::Error::last_os_error()
}
