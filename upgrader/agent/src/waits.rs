//! What the release on trial waits for, as it is told to PID 1, which writes down why a trial failed whose time ran out.

use crate::health::SETTLED;
use crate::node::Node;
use init_api::paths;
use std::io;
use std::path::PathBuf;

/// More of a line is not told: a check may say anything.
const LONGEST: usize = 500;

/// The file that PID 1 reads.
#[derive(Debug)]
pub(crate) struct Waits {
    path: PathBuf,
    now: Option<Vec<String>>,
    /// What it waited for last, if that is nothing now.
    last: Vec<String>,
}

impl Waits {
    /// Nothing is told yet.
    pub(crate) fn new(node: &Node) -> Self {
        Self {
            path: node.path(paths::TRIAL_WAITS),
            now: None,
            last: Vec::new(),
        }
    }

    /// Tells what is waited for now; gives whether that is something else than before.
    pub(crate) fn tell(&mut self, waiting_for: &[String]) -> bool {
        if self.now.as_deref() == Some(waiting_for) {
            return false;
        }
        if let Some(before) = self.now.replace(waiting_for.to_vec())
            && !before.is_empty()
        {
            self.last = before;
        }
        let lines = lines(waiting_for, &self.last);
        if let Err(error) = host::file::write_in_memory(&self.path, 0o600, lines) {
            eprintln!("PID 1 cannot be told what the release waits for: {error}");
        }
        true
    }

    /// The trial has ended.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub(crate) fn end(self) -> io::Result<()> {
        host::file::remove(&self.path).map(drop)
    }
}

/// What stands in the file: as it is when the time runs out.
fn lines(now: &[String], last: &[String]) -> String {
    let well = now.is_empty().then(|| {
        let seconds = SETTLED.0 / 1000;
        format!("all was well, but not for {seconds} s without a break")
    });
    let last = last
        .iter()
        .filter(|_| now.is_empty())
        .map(|line| format!("before that: {line}"));
    well.into_iter()
        .chain(now.iter().cloned())
        .chain(last)
        .map(|line| host::plain::line(&line, LONGEST) + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Waits, lines};

    fn owned(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn what_fails_stands_there_a_line_each() {
        let now = owned(&["check tills: exit code 1\nno\tpaper", "node a is not ready"]);
        let expected = "check tills: exit code 1 no paper\nnode a is not ready\n";
        assert_eq!(lines(&now, &owned(&["check x"])), expected);
        let flapped = lines(&[], &owned(&["check tills: no answer"]));
        assert_eq!(
            flapped,
            "all was well, but not for 20 s without a break\nbefore that: check tills: no answer\n"
        );
    }

    #[test]
    fn the_last_failure_is_told_beside_a_late_success() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("waits");
        let mut waits = Waits {
            path: path.clone(),
            now: None,
            last: Vec::new(),
        };
        let mut tell = |now: &[&str]| {
            let changed = waits.tell(&owned(now));
            (changed, std::fs::read_to_string(&path).expect("a file"))
        };
        assert_eq!(tell(&["check a"]), (true, "check a\n".to_owned()));
        assert_eq!(tell(&["check a"]), (false, "check a\n".to_owned()));
        assert_eq!(tell(&["check b"]), (true, "check b\n".to_owned()));
        let (changed, said) = tell(&[]);
        assert!(
            changed && said.ends_with("before that: check b\n"),
            "{said}"
        );
        assert_eq!(tell(&["check c"]), (true, "check c\n".to_owned()));
        waits.end().expect("removed");
        assert!(!path.exists());
    }
}
