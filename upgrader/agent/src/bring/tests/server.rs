//! A web server of files on loopback whose connections can be made to break.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    given: AtomicU64,
    drop_after: AtomicU64,
}

impl Server {
    /// Serves a folder. Its thread ends with the test's process.
    pub(crate) fn of(folder: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            given: AtomicU64::new(0),
            drop_after: AtomicU64::new(u64::MAX),
        });
        let visits = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A reader that goes away is none of the server's business.
                drop(visits.serve(stream));
            }
        });
        Server { url, shared }
    }

    /// Bytes of files that were given out.
    pub(crate) fn given(&self) -> u64 {
        self.shared.given.load(Ordering::SeqCst)
    }

    /// Each connection ends after so many bytes of a file.
    pub(crate) fn drop_after(&self, bytes: u64) {
        self.shared.drop_after.store(bytes, Ordering::SeqCst);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let path = first
            .split(' ')
            .nth(1)
            .unwrap_or("/")
            .trim_start_matches('/')
            .to_owned();
        let mut range = None;
        for line in lines {
            let line = line?.to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some((from, to)) = line
                .strip_prefix("range: bytes=")
                .and_then(|range| range.split_once('-'))
            {
                range = from.parse::<usize>().ok().zip(to.parse::<usize>().ok());
            }
        }
        let Ok(file) = fs::read(self.folder.join(path)) else {
            return stream
                .write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        };
        let total = file.len();
        let (head, part) = match range {
            Some((from, to)) if to < total => (
                format!("206 Part\r\nContent-Range: bytes {from}-{to}/{total}"),
                &file[from..=to],
            ),
            Some(_) => (
                format!("416 No\r\nContent-Range: bytes */{total}"),
                &file[..0],
            ),
            None => ("200 OK".to_owned(), &file[..]),
        };
        let length = part.len();
        write!(
            stream,
            "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        let limit = self.drop_after.load(Ordering::SeqCst);
        let given = (length as u64).min(limit);
        stream.write_all(&part[..given as usize])?;
        self.given.fetch_add(given, Ordering::SeqCst);
        stream.flush()
    }
}
