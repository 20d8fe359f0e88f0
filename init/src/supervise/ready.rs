//! Signs of readiness.

use init_api::ReadyWhen;
use std::os::unix::net::UnixStream;

/// Whether the sign can be seen now. Only paths and sockets have to be looked for.
pub(super) fn is_seen(sign: &ReadyWhen) -> bool {
    match sign {
        ReadyWhen::Started => true,
        ReadyWhen::PathExists { path } => path.exists(),
        ReadyWhen::SocketListens { path } => UnixStream::connect(path).is_ok(),
        ReadyWhen::Exit => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_seen;
    use init_api::ReadyWhen;
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
}
