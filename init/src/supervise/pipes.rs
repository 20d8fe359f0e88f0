//! The pipes that services write their output to.

use init_api::ServiceName;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};

/// At most this much of one service's output is taken before the others' turn.
const GULP: usize = 64 * 1024;

/// Our ends of the pipes, by numbers that are never used twice.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    open: BTreeMap<u64, (ServiceName, File)>,
    next: u64,
    fresh: Vec<u64>,
}

/// What a look at a pipe brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A service wrote this.
    Bytes(ServiceName, Vec<u8>),
    /// Nothing yet.
    Nothing,
    /// It is at its end, and forgotten.
    End,
}

impl Pipes {
    /// Keeps the pipe of a process that was just started.
    pub(super) fn add(&mut self, service: &ServiceName, file: File) {
        self.open.insert(self.next, (service.clone(), file));
        self.fresh.push(self.next);
        self.next += 1;
    }

    /// Those added since the last call.
    pub(super) fn take_fresh(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.fresh)
    }

    /// Those that are still open.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// One that is still open.
    pub(super) fn get(&self, number: u64) -> Option<BorrowedFd<'_>> {
        self.open.get(&number).map(|(_, file)| file.as_fd())
    }

    /// Takes what has come out of a pipe.
    pub(super) fn take(&mut self, number: u64) -> Output {
        let Some((service, file)) = self.open.get_mut(&number) else {
            return Output::End;
        };
        let mut buffer = vec![0; GULP];
        match file.read(&mut buffer) {
            Ok(count) if count > 0 => {
                buffer.truncate(count);
                Output::Bytes(service.clone(), buffer)
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Output::Nothing
            }
            Ok(_) | Err(_) => {
                self.open.remove(&number);
                Output::End
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_pipe_is_read_to_its_end_and_forgotten() {
        let (ours, theirs) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).expect("a pipe");
        let mut theirs = File::from(theirs);
        let name = ServiceName::new("x").expect("name");
        let mut pipes = Pipes::default();
        pipes.add(&name, File::from(ours));
        assert_eq!(pipes.take_fresh(), [0]);
        assert!(pipes.take_fresh().is_empty(), "told once");
        assert_eq!(pipes.take(0), Output::Nothing);
        theirs.write_all(b"word").expect("written");
        assert_eq!(pipes.take(0), Output::Bytes(name, b"word".to_vec()));
        drop(theirs);
        assert!(pipes.get(0).is_some());
        assert_eq!(pipes.numbers(), [0]);
        assert_eq!(pipes.take(0), Output::End);
        assert!(pipes.get(0).is_none());
    }
}
