//! Signs of readiness.

use init_api::ReadyWhen;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::io;
use std::path::Path;

/// Whether the sign can be seen now. Only paths and sockets have to be looked for.
pub(super) fn is_seen(sign: &ReadyWhen) -> bool {
    match sign {
        ReadyWhen::Started => true,
        ReadyWhen::PathExists { path } => path.exists(),
        ReadyWhen::SocketListens { path } => takes_connections(path).is_ok(),
        ReadyWhen::Exit => false,
    }
}

/// Does not wait: the queue of one that listens and never accepts is full after some looks, and a usual connection would
/// then stop PID 1.
fn takes_connections(path: &Path) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    Ok(connect(&socket, &SocketAddrUnix::new(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::is_seen;
    use init_api::ReadyWhen;
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
    };
    use std::os::unix::net::UnixListener;

    #[test]
    fn signs() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("s");
        assert!(!is_seen(&ReadyWhen::PathExists { path: path.clone() }));
        let listener = UnixListener::bind(&path).expect("bind");
        assert!(is_seen(&ReadyWhen::PathExists { path: path.clone() }));
        assert!(is_seen(&ReadyWhen::SocketListens { path: path.clone() }));
        drop(listener);
        assert!(!is_seen(&ReadyWhen::SocketListens { path }));
        assert!(is_seen(&ReadyWhen::Started) && !is_seen(&ReadyWhen::Exit));
    }
    #[test]
    fn a_listener_that_never_accepts_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("s");
        let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None).expect("socket");
        bind(&socket, &SocketAddrUnix::new(&path).expect("address")).expect("bind");
        listen(&socket, 1).expect("listen");
        let sign = ReadyWhen::SocketListens { path };
        let looks: Vec<bool> = (0..5).map(|_| is_seen(&sign)).collect();
        assert_eq!(looks.first(), Some(&true));
        assert_eq!(looks.last(), Some(&false), "its queue is full");
    }
}
