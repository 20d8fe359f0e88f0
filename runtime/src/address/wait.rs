//! Waiting for the address without asking again and again: the kernel says when something about the network changes.

use super::choose::{Choice, choose};
use super::host::{HostError, read_host};
use crate::Paths;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// Link, IPv4 address and IPv4 route changes.
const GROUPS: u32 = 0x1 | 0x10 | 0x40;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For an address, when a cable is plugged in.
    pub address: Duration,
    /// For a default route, once there is an address.
    pub route: Duration,
    /// For interfaces to be switched on.
    pub switch: Duration,
    /// For an interface: drivers are still being loaded when the waiting begins.
    pub interface: Duration,
    /// For a cable: after an interface is switched on, its link takes some seconds to come up.
    pub cable: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            address: Duration::from_secs(30),
            route: Duration::from_secs(4),
            switch: Duration::from_secs(90),
            interface: Duration::from_secs(12),
            cable: Duration::from_secs(6),
        }
    }
}

/// Waits for the node's address; none if nothing came in time.
///
/// # Errors
/// The kernel does not tell about its interfaces.
pub fn find(paths: &Paths, patience: Patience) -> Result<Option<IpAddr>, HostError> {
    let started = Instant::now();
    // Opened before the first look, so that no change falls between the two.
    let unheard =
        |error: &_| warn!("cannot listen for network changes, looking every 200 ms: {error}");
    let news = listen().inspect_err(unheard).ok();
    let mut last = (None, started);
    loop {
        let now = Instant::now();
        let given = last.0 == Some(Choice::NoRoute) && now - last.1 >= patience.route;
        let choice = choose(&read_host(paths)?, given);
        if let Choice::Address(address) = choice {
            return Ok(Some(address));
        }
        if last.0.as_ref() != Some(&choice) {
            info!("{choice}");
            last = (Some(choice.clone()), now);
        }
        let Some(left) = patience.left(&choice, now - last.1) else {
            return Ok(None);
        };
        wait_for_change(news.as_ref(), left);
    }
}

impl Patience {
    /// How much longer to wait. A state of the network has its own patience from when it began: an interface that comes
    /// up late, and for a moment without a link, gets as much time as one that comes up at once.
    fn left(self, choice: &Choice, like_this: Duration) -> Option<Duration> {
        let limit = match choice {
            Choice::Address(_) | Choice::NoAddress => self.address,
            Choice::NoRoute => self.route,
            Choice::Down => self.switch,
            Choice::NoInterface => self.interface,
            Choice::Unplugged => self.cable,
        };
        limit.checked_sub(like_this).filter(|left| !left.is_zero())
    }
}

/// A socket that gets a message for every change.
pub(super) fn listen() -> Result<OwnedFd, rustix::io::Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // No protocol is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}

/// Returns at the next change, or when `left` is over. A flood of changes counts as one.
fn wait_for_change(news: Option<&OwnedFd>, left: Duration) {
    let Some(socket) = news else {
        std::thread::sleep(left.min(Duration::from_millis(200)));
        return;
    };
    let timeout = Timespec::try_from(left).ok();
    let mut watched = [PollFd::new(socket, PollFlags::IN)];
    if poll(&mut watched, timeout.as_ref()).is_ok() {
        let mut buffer = [0_u8; 8192];
        while recv(socket, &mut buffer[..], RecvFlags::DONTWAIT).is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;
    use crate::address::Choice;
    use std::time::Duration;

    #[test]
    fn each_state_has_its_own_patience() {
        let seconds = Duration::from_secs;
        let patience = Patience {
            address: seconds(30),
            route: seconds(4),
            switch: seconds(90),
            interface: seconds(12),
            cable: seconds(6),
        };
        for (case, choice, like_this, left) in [
            ("DHCP has begun", Choice::NoAddress, 1, Some(29)),
            ("DHCP does not answer", Choice::NoAddress, 30, None),
            ("a network without a way out", Choice::NoRoute, 3, Some(1)),
            ("NetworkManager is slow", Choice::Down, 40, Some(50)),
            (
                "switched on late, no link yet",
                Choice::Unplugged,
                0,
                Some(6),
            ),
            ("no cable", Choice::Unplugged, 6, None),
            ("drivers are being loaded", Choice::NoInterface, 2, Some(10)),
            ("no hardware", Choice::NoInterface, 12, None),
        ] {
            let found = patience.left(&choice, seconds(like_this));
            assert_eq!(found, left.map(seconds), "{case}");
        }
    }
}
