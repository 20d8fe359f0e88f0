//! The last lines of a service's output, for who asks why it fails.

use std::collections::VecDeque;

/// So many lines are kept.
const LINES: usize = 4;
/// A line goes on for so many bytes at most.
const LONGEST: usize = 200;

/// Takes a service's output as it comes, and keeps its end.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    /// The line that has not ended yet.
    open: Vec<u8>,
}

impl Tail {
    /// Takes what came next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte if self.open.len() < LONGEST => self.open.push(*byte),
                _ => {}
            }
        }
    }

    /// The last lines, without empty ones; the one that has not ended is among them.
    pub(super) fn lines(&self) -> Vec<String> {
        let open = text(&self.open);
        let all = self.lines.iter().cloned().chain(open);
        let all: Vec<String> = all.collect();
        all[all.len().saturating_sub(LINES)..].to_vec()
    }

    fn end_line(&mut self) {
        if let Some(line) = text(&self.open) {
            self.lines.push_back(line);
        }
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
        self.open.clear();
    }
}

fn text(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{LINES, LONGEST, Tail};

    #[test]
    fn the_end_of_what_was_said() {
        let mut tail = Tail::default();
        assert!(tail.lines().is_empty());
        tail.push(b"one\n\n  \ntwo\r\nthr");
        assert_eq!(tail.lines(), ["one", "two", "thr"]);
        tail.push(b"ee\nfour\nfive\nsix");
        assert_eq!(tail.lines(), ["three", "four", "five", "six"]);
    }

    #[test]
    fn bounded_whatever_comes() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&[0xff; 999]);
            tail.push(b"\n");
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        // Each byte that is no UTF-8 shows as one character of three bytes.
        assert!(lines.iter().all(|line| line.chars().count() == LONGEST));
    }
}
