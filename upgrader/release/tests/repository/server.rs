//! A web server of files on loopback, which can be told to behave badly.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is wrong with a file on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// This status.
    Status(u16),
    /// This status, and the file when it is asked for again.
    Once(u16),
    /// The connection ends after so many bytes, each time.
    Drop(usize),
    /// Nothing more comes after so many bytes.
    Stall(usize),
    /// A byte now and then.
    Drip,
    /// More and more comes behind the file, and no length is said.
    Endless,
    /// The whole file, whatever is asked for.
    NoRanges,
    /// Another part than was asked for, and it says so.
    OtherPart,
    /// Another part than was asked for, and it says that it is the right one.
    Lie,
    /// Only part of the file is there.
    Cut(usize),
    /// There.
    Redirect(&'static str),
}

pub(crate) struct Server {
    pub(crate) url: String,
    tricks: Arc<Mutex<BTreeMap<String, Trick>>>,
    given: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

impl Server {
    /// Serves a folder. Its thread ends with the test's process.
    pub(crate) fn of(folder: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            url: format!("http://{}/", listener.local_addr().unwrap()),
            tricks: Arc::default(),
            given: Arc::default(),
            requests: Arc::default(),
        };
        let tricks = server.tricks.clone();
        let (given, requests) = (server.given.clone(), server.requests.clone());
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let visit = Visit {
                    folder: folder.clone(),
                    tricks: tricks.clone(),
                    given: given.clone(),
                    requests: requests.clone(),
                };
                // A reader that goes away is none of the server's business.
                std::thread::spawn(move || drop(visit.serve(stream)));
            }
        });
        server
    }

    /// From now on, the file whose name ends so is given out badly.
    pub(crate) fn play(&self, name: &str, trick: Trick) {
        self.tricks.lock().unwrap().insert(name.to_owned(), trick);
    }

    /// Bytes of files that were given out.
    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::SeqCst)
    }

    /// Requests that came.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

struct Visit {
    folder: PathBuf,
    tricks: Arc<Mutex<BTreeMap<String, Trick>>>,
    given: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

impl Visit {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let path = line
            .split(' ')
            .nth(1)
            .unwrap_or("/")
            .trim_start_matches('/')
            .to_owned();
        let mut range = None;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(asked) = header.strip_prefix("range: bytes=") {
                let (from, to) = asked.split_once('-').unwrap();
                range = Some((
                    from.parse::<usize>().unwrap(),
                    to.parse::<usize>().unwrap() + 1,
                ));
            }
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.answer(&mut stream, &path, range)
    }

    fn trick(&self, path: &str) -> Option<Trick> {
        let mut tricks = self.tricks.lock().unwrap();
        let (name, trick) = tricks.iter().find(|(name, _)| path.ends_with(*name))?;
        let (name, trick) = (name.clone(), *trick);
        if matches!(trick, Trick::Once(_)) {
            tricks.remove(&name);
        }
        Some(trick)
    }

    fn answer(
        &self,
        stream: &mut TcpStream,
        path: &str,
        range: Option<(usize, usize)>,
    ) -> std::io::Result<()> {
        let trick = self.trick(path);
        if let Some(Trick::Status(status) | Trick::Once(status)) = trick {
            return head(stream, &format!("{status} No"), "Content-Length: 0\r\n");
        }
        if let Some(Trick::Redirect(to)) = trick {
            let header = format!("Location: {to}\r\nContent-Length: 0\r\n");
            return head(stream, "302 Elsewhere", &header);
        }
        let Ok(mut file) = fs::read(self.folder.join(path)) else {
            return head(stream, "404 Not Found", "Content-Length: 0\r\n");
        };
        if let Some(Trick::Cut(length)) = trick {
            file.truncate(length);
        }
        if trick == Some(Trick::Endless) {
            head(stream, "200 OK", "")?;
            loop {
                stream.write_all(&file)?;
                file = vec![b' '; 1 << 16];
            }
        }
        let total = file.len();
        let part = range.filter(|_| trick != Some(Trick::NoRanges));
        let Some((from, to)) = part else {
            head(stream, "200 OK", &format!("Content-Length: {total}\r\n"))?;
            return self.body(stream, &file, trick);
        };
        if from >= total || to > total {
            let header = format!("Content-Range: bytes */{total}\r\nContent-Length: 0\r\n");
            return head(stream, "416 Not there", &header);
        }
        let other = usize::from(matches!(trick, Some(Trick::OtherPart | Trick::Lie)));
        let said = from - other * usize::from(trick == Some(Trick::OtherPart));
        let header = format!(
            "Content-Range: bytes {said}-{}/{total}\r\nContent-Length: {}\r\n",
            to - 1,
            to - from
        );
        head(stream, "206 Part", &header)?;
        self.body(stream, &file[from - other..to - other], trick)
    }

    fn body(
        &self,
        stream: &mut TcpStream,
        bytes: &[u8],
        trick: Option<Trick>,
    ) -> std::io::Result<()> {
        let count = match trick {
            Some(Trick::Drop(count) | Trick::Stall(count)) => count.min(bytes.len()),
            _ => bytes.len(),
        };
        if trick == Some(Trick::Drip) {
            for byte in bytes {
                stream.write_all(&[*byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.given.fetch_add(count as u64, Ordering::SeqCst);
        stream.write_all(&bytes[..count])?;
        stream.flush()?;
        if matches!(trick, Some(Trick::Stall(_))) && count < bytes.len() {
            std::thread::sleep(Duration::from_secs(20));
        }
        Ok(())
    }
}

fn head(stream: &mut TcpStream, status: &str, headers: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())
}
