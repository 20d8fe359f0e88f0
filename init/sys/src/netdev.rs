//! Raising the loopback interface.

use crate::ioctl::ioctl;
use std::io;
use std::os::fd::AsFd;

const SIOCGIFFLAGS: u32 = 0x8913;
const SIOCSIFFLAGS: u32 = 0x8914;

/// `struct ifreq` with its flags member; 40 bytes on 64-bit Linux.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; 16],
    flags: libc::c_short,
    rest: [u8; 22],
}

/// Raises a network interface: what `ip link set NAME up` does. `socket` is any network socket.
///
/// # Errors
/// The name is too long, no such interface, or not root.
pub fn raise_interface(socket: impl AsFd, name: &str) -> io::Result<()> {
    let mut argument = InterfaceFlags {
        name: [0; 16],
        flags: 0,
        rest: [0; 22],
    };
    let bytes = name.as_bytes();
    if bytes.len() >= argument.name.len() {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    argument.name[..bytes.len()].copy_from_slice(bytes);
    // SAFETY: both requests take a `struct ifreq`, which `InterfaceFlags` has size and layout of.
    unsafe {
        ioctl(socket.as_fd(), SIOCGIFFLAGS, &mut argument)?;
        argument.flags |= libc::IFF_UP as libc::c_short;
        ioctl(socket.as_fd(), SIOCSIFFLAGS, &mut argument)?;
    }
    Ok(())
}
