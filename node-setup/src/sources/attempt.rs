//! Reading a stick is noted before it begins: a stick that kills its reader, or lets it hang until PID 1 ends it, is not read
//! again in that boot.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Where a node has its notes of sticks that are being read.
pub(super) const ATTEMPTS: &str = "/run/holdfast/stick-attempts";

/// A stick that is being read. The lock on the note ends with its owner, the note does not.
#[derive(Debug)]
pub(super) struct Attempt(File);

impl Attempt {
    /// Begins to read the stick that is known by `stick`, a word that may be a file's name; waits while another process reads it.
    /// `None`: an earlier attempt did not come to its end.
    ///
    /// # Errors
    /// The note cannot be written, in `folder`.
    pub(super) fn begin(folder: &Path, stick: &str) -> io::Result<Option<Self>> {
        fs::create_dir_all(folder)?;
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut note = options.open(folder.join(stick))?;
        note.lock()?;
        let mut left = String::new();
        note.read_to_string(&mut left)?;
        if !left.is_empty() {
            return Ok(None);
        }
        note.write_all(b"begun\n")?;
        Ok(Some(Self(note)))
    }

    /// It came to its end, whatever was found.
    ///
    /// # Errors
    /// The note cannot be taken back.
    pub(super) fn end(self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Attempt;
    use std::thread;

    #[test]
    fn a_stick_that_killed_its_reader_is_not_read_again() {
        let folder = tempfile::tempdir().expect("folder");
        let begin = |stick| Attempt::begin(folder.path(), stick).expect("noted");
        for _ in 0..2 {
            begin("good").expect("read again").end().expect("ended");
        }
        // What a reader that is killed does.
        drop(begin("bad").expect("the first time"));
        for _ in 0..2 {
            assert!(begin("bad").is_none());
        }
        begin("good").expect("another one").end().expect("ended");
    }

    #[test]
    fn who_reads_at_the_same_time_is_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let first = Attempt::begin(folder.path(), "a").expect("noted");
        let first = first.expect("the first");
        thread::scope(|threads| {
            let second = threads.spawn(|| Attempt::begin(folder.path(), "a").expect("noted"));
            first.end().expect("ended");
            assert!(second.join().expect("it ends").is_some());
        });
    }
}
