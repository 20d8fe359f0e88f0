//! The logs of all services, written by a thread of their own.
//!
//! With `logs.persist` they lie on the disk. A disk that takes nothing for a minute must neither stop a service nor keep
//! PID 1 from feeding the watchdog, so PID 1 only hands the output over; what does not fit is lost, and that is told.

use super::log_file::LogFile;
use init_api::ServiceName;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// As many pieces of output wait for the disk at most, each at most what a pipe holds.
const WAITING: usize = 128;

/// The way to the logs.
#[derive(Debug)]
pub(super) struct Logs {
    writer: Option<(SyncSender<Piece>, JoinHandle<()>)>,
    /// Bytes lost since the last piece that fitted.
    lost: BTreeMap<ServiceName, usize>,
}

/// What a service said in one go, and when: seconds and milliseconds since 1970.
#[derive(Debug)]
struct Piece {
    service: ServiceName,
    bytes: Vec<u8>,
    now: (u64, u32),
}

impl Logs {
    /// Logs below `folder`. The thread inherits the caller's signal mask: block what it must not get before.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        let folder = folder.to_owned();
        let thread = thread::Builder::new()
            .name("logs".into())
            .spawn(move || write(&folder, &pieces))?;
        Ok(Self {
            writer: Some((sender, thread)),
            lost: BTreeMap::new(),
        })
    }

    /// Hands over what a service said; never waits.
    pub(super) fn take(&mut self, service: ServiceName, bytes: Vec<u8>, now: (u64, u32)) {
        let Some((sender, _)) = &self.writer else {
            return;
        };
        let send = |service: &ServiceName, bytes| {
            let service = service.clone();
            sender.try_send(Piece {
                service,
                bytes,
                now,
            })
        };
        let count = bytes.len();
        let before = self.lost.get(&service).copied().unwrap_or(0);
        let told = before == 0 || send(&service, loss(before)).is_ok();
        if told && send(&service, bytes).is_ok() {
            self.lost.remove(&service);
        } else {
            let lost = if told { count } else { before + count };
            self.lost.insert(service, lost);
        }
    }

    /// Takes nothing more; gives the thread, which ends when it has written everything and closed its files.
    pub(super) fn close(&mut self) -> Option<JoinHandle<()>> {
        self.writer.take().map(|(_, thread)| thread)
    }
}

fn loss(count: usize) -> Vec<u8> {
    format!("\n({count} bytes of output were lost here: the log could not be written in time)\n")
        .into_bytes()
}

fn write(folder: &Path, pieces: &Receiver<Piece>) {
    let mut files = BTreeMap::new();
    for piece in pieces {
        let file = files
            .entry(piece.service)
            .or_insert_with_key(|service: &ServiceName| LogFile::new(folder, service.as_str()));
        // A log that cannot be written must not stop the service, and there is nowhere else to tell.
        let _ = file.take(&piece.bytes, piece.now);
    }
}

#[cfg(test)]
mod tests {
    use super::{Logs, WAITING};
    use init_api::ServiceName;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs::{self, File};
    use std::io::Read;
    use std::time::{Duration, Instant};

    const NOW: (u64, u32) = (1_800_000_000, 7);

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).expect("name")
    }

    #[test]
    fn what_was_handed_over_is_written_before_the_end() {
        let folder = tempfile::tempdir().expect("folder");
        let mut logs = Logs::open(folder.path()).expect("thread");
        for service in ["a", "b"] {
            logs.take(name(service), b"one\nha".to_vec(), NOW);
            logs.take(name(service), b"lf\n".to_vec(), NOW);
        }
        logs.close().expect("open").join().expect("no panic");
        logs.take(name("a"), b"too late\n".to_vec(), NOW);
        for service in ["a.log", "b.log"] {
            let text = fs::read_to_string(folder.path().join(service)).expect("read");
            assert_eq!(
                text,
                "2027-01-15T08:00:00.007Z one\n2027-01-15T08:00:00.007Z half\n"
            );
        }
        assert!(logs.close().is_none());
    }

    /// A pipe that nobody reads stands for a disk that does not answer.
    #[test]
    fn a_stalled_disk_stalls_nobody_and_the_loss_is_told() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.log");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &path, FileType::Fifo, mode, 0).expect("a pipe");
        let mut logs = Logs::open(folder.path()).expect("thread");
        let begin = Instant::now();
        for number in 0..WAITING + 50 {
            logs.take(name("x"), format!("line {number:04}\n").into_bytes(), NOW);
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "it waited");
        assert!(logs.lost[&name("x")] > 0);

        let mut disk = File::open(&path).expect("the disk answers");
        let mut text = vec![0; 64 * 1024];
        let first = disk.read(&mut text).expect("lines");
        assert!(first > 0);
        while logs.lost.contains_key(&name("x")) {
            logs.take(name("x"), b"late\n".to_vec(), NOW);
        }
        let thread = logs.close().expect("open");
        let mut rest = String::new();
        disk.read_to_string(&mut rest).expect("the rest");
        thread.join().expect("no panic");
        assert!(
            rest.contains(" bytes of output were lost here: ") && rest.ends_with(" late\n"),
            "{rest}"
        );
    }
}
