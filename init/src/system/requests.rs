//! The socket: clients, lines, and who may speak.

use init_api::{Request, Response};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// More clients than anyone needs at once; the oldest makes room.
const MOST_CLIENTS: usize = 32;
/// No request is longer.
const LONGEST: usize = 4096;

/// The socket and those who are connected.
#[derive(Debug)]
pub(super) struct Requests {
    listener: UnixListener,
    clients: BTreeMap<u64, Client>,
    next: u64,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    line: Vec<u8>,
}

impl Requests {
    /// Listens at `path`, for root only.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            clients: BTreeMap::new(),
            next: 0,
        })
    }

    /// Takes in a new client, if one waits; gives its number.
    pub(super) fn accept(&mut self) -> Option<u64> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        if self.clients.len() >= MOST_CLIENTS {
            self.clients.pop_first();
        }
        self.next += 1;
        self.clients.insert(
            self.next,
            Client {
                stream,
                line: Vec::new(),
            },
        );
        Some(self.next)
    }

    /// A client's descriptor, to be watched.
    pub(super) fn client(&self, number: u64) -> Option<BorrowedFd<'_>> {
        self.clients
            .get(&number)
            .map(|client| client.stream.as_fd())
    }

    /// What a client asks; an error is told to it by [`Requests::answer`] as a refusal. Clients that hang up or talk
    /// nonsense without end are dropped.
    pub(super) fn read(&mut self, number: u64) -> Vec<Result<Request, String>> {
        let Some(client) = self.clients.get_mut(&number) else {
            return Vec::new();
        };
        let mut buffer = [0; LONGEST];
        let open = match client.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                client.line.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        let requests = whole_requests(&mut client.line);
        if !open || client.line.len() > LONGEST {
            self.clients.remove(&number);
        }
        requests
    }

    /// Answers a client. One that does not take the answer is dropped: PID 1 waits for nobody.
    pub(super) fn answer(&mut self, number: u64, response: &Response) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let mut line = serde_json::to_vec(response).unwrap_or_default();
        line.push(b'\n');
        if client.stream.write_all(&line).is_err() {
            self.clients.remove(&number);
        }
    }
}

impl AsFd for Requests {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// Takes the requests on whole lines out of what has come; the rest stays. What is no request is told why.
pub fn whole_requests(bytes: &mut Vec<u8>) -> Vec<Result<Request, String>> {
    whole_lines(bytes)
        .iter()
        .map(|line| serde_json::from_slice(line).map_err(|error| error.to_string()))
        .collect()
}

/// Takes the whole lines out of what has come; the rest stays.
fn whole_lines(bytes: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let end = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let whole: Vec<u8> = bytes.drain(..end).collect();
    whole
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Requests, whole_lines};
    use init_api::{Client, Request, Response};
    use rustix::event::{PollFd, PollFlags, poll};
    use std::os::fd::AsFd;
    use std::thread;

    #[test]
    fn lines() {
        let mut bytes = b"one\n\ntwo\nthr".to_vec();
        assert_eq!(whole_lines(&mut bytes), [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(bytes, b"thr");
    }

    #[test]
    fn a_client_asks_and_is_answered() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("s");
        let mut requests = Requests::open(&path).expect("open");
        let asking = thread::spawn(move || {
            Client::connect(&path)
                .expect("connect")
                .ask(&Request::Reboot)
        });
        let wait = |fd: &dyn Fn() -> std::os::fd::OwnedFd| {
            let fd = fd();
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).expect("poll");
        };
        wait(&|| requests.as_fd().try_clone_to_owned().expect("fd"));
        let client = requests.accept().expect("client");
        wait(&|| {
            requests
                .client(client)
                .expect("client")
                .try_clone_to_owned()
                .expect("fd")
        });
        assert_eq!(requests.read(client), [Ok(Request::Reboot)]);
        requests.answer(client, &Response::Accepted);
        assert_eq!(
            asking.join().expect("thread").expect("answer"),
            Response::Accepted
        );
    }
}
