//! What the kernel tells about devices as they come and go.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Enough for the burst of a whole coldplug.
const BUFFER: usize = 4 * 1024 * 1024;

/// One message about one device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `add`, `remove`, `change`, `bind` …
    pub action: String,
    /// `block`, `pci`, `usb` …
    pub subsystem: String,
    /// The name of its node below `/dev`, if it has one.
    pub node: Option<String>,
    /// What drivers match on.
    pub modalias: Option<String>,
}

impl Event {
    /// Reads a message as the kernel sends it: `action@path`, then `KEY=value`, each ended by a NUL. Keys that are not
    /// wanted are passed over; none if it is not such a message.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let mut parts = message
            .split(|b| *b == 0)
            .filter(|p| !p.is_empty())
            .map(std::str::from_utf8);
        parts.next()?.ok()?.split_once('@')?;
        let mut event = Self::default();
        for (key, value) in parts
            .filter_map(Result::ok)
            .filter_map(|p| p.split_once('='))
        {
            match key {
                "ACTION" => event.action = value.to_owned(),
                "SUBSYSTEM" => event.subsystem = value.to_owned(),
                "DEVNAME" => event.node = Some(value.to_owned()),
                "MODALIAS" => event.modalias = Some(value.to_owned()),
                _ => {}
            }
        }
        (!event.action.is_empty()).then_some(event)
    }

    /// Whether a block device came or changed.
    pub fn brings_block_device(&self) -> bool {
        self.subsystem == "block" && (self.action == "add" || self.action == "change")
    }
}

/// A socket that hears the kernel's messages from the moment it was opened.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: OwnedFd,
}

impl Listener {
    /// Opens the socket.
    ///
    /// # Errors
    /// The kernel has no such socket, or not root.
    pub(crate) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            flags,
            Some(KOBJECT_UEVENT),
        )?;
        // A smaller buffer still works for all but the largest bursts.
        let _ = set_socket_recv_buffer_size_force(&socket, BUFFER);
        bind(&socket, &SocketAddrNetlink::new(0, 1))?;
        Ok(Self { socket })
    }

    /// Waits until a message is there or the time is over; tells whether one is.
    ///
    /// # Errors
    /// The socket is broken.
    pub(crate) fn wait(&self, at_most: Duration) -> io::Result<bool> {
        let time = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: at_most.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&time)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The next message that is there; none when there is no further one. Lost messages are not told: whoever waits
    /// for a device looks for it anew after every burst.
    pub(crate) fn next(&self) -> Option<Event> {
        let mut buffer = [0_u8; 8192];
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                Ok((count, _)) => {
                    if let Some(event) = buffer.get(..count).and_then(Event::parse) {
                        return Some(event);
                    }
                }
                Err(rustix::io::Errno::INTR | rustix::io::Errno::NOBUFS) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::Event;
    use proptest::prelude::*;

    #[test]
    fn messages() {
        let message = b"add@/devices/x/block/vda\0ACTION=add\0DEVPATH=/devices/x/block/vda\0SUBSYSTEM=block\0DEVNAME=vda\0";
        let event = Event::parse(message).expect("message");
        assert!(event.brings_block_device());
        assert_eq!(event.node.as_deref(), Some("vda"));
        let pci = b"add@/devices/y\0ACTION=add\0SUBSYSTEM=pci\0MODALIAS=pci:v1\0";
        assert_eq!(
            Event::parse(pci).and_then(|e| e.modalias).as_deref(),
            Some("pci:v1")
        );
        assert_eq!(Event::parse(b"libudev\0ACTION=add\0"), None);
        assert_eq!(Event::parse(b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Event::parse(&bytes);
        }
    }
}
