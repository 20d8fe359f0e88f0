//! Handing an open file over an exec.

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Lets the descriptor survive an exec, gives it up, and tells its number for the next program.
///
/// # Errors
/// The descriptor's flags cannot be changed.
pub fn keep_over_exec(fd: OwnedFd) -> io::Result<RawFd> {
    fcntl_setfd(&fd, FdFlags::empty())?;
    let number = fd.as_raw_fd();
    std::mem::forget(fd);
    Ok(number)
}

/// Takes over a descriptor that the program before us left open. Call it at most once per number, before any file is
/// opened; a number below 3 is refused.
///
/// # Errors
/// No such descriptor is open.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    if number < 3 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: F_GETFD only looks the number up; it fails with EBADF when it is not open.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and by this function's contract nobody else in this process owns it yet.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    let flags = fcntl_getfd(&fd)?;
    fcntl_setfd(&fd, flags | FdFlags::CLOEXEC)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::{inherited, keep_over_exec};
    use std::fs::File;
    use std::io::{Read, Write};

    #[test]
    fn a_descriptor_goes_out_and_comes_back() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "hello").expect("write");
        let number = keep_over_exec(File::open(&path).expect("open").into()).expect("keep");
        let mut text = String::new();
        File::from(inherited(number).expect("inherit"))
            .read_to_string(&mut text)
            .expect("read");
        assert_eq!(text, "hello");
        assert!(inherited(1_000_000).is_err());
        assert!(inherited(1).is_err());
        std::io::stdout()
            .flush()
            .expect("standard output is still ours");
    }
}
