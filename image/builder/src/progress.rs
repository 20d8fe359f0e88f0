//! What a person sees while a build runs: one line a step, with its seconds.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Shows steps: a moving line on a terminal, plain lines elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    terminal: bool,
}

impl Progress {
    /// Looks whether standard error is a terminal.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Begins a step.
    #[must_use]
    pub fn step(&self, name: &str) -> Step {
        let bar = if self.terminal {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        };
        if self.terminal {
            if let Ok(style) =
                ProgressStyle::with_template("  {spinner} {prefix:<22} {elapsed:>5}  {msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar.set_prefix(name.to_owned());
        Step {
            terminal: self.terminal,
            name: name.to_owned(),
            began: Instant::now(),
            bar,
        }
    }
}

/// A step under way.
pub struct Step {
    terminal: bool,
    name: String,
    began: Instant,
    bar: ProgressBar,
}

impl Step {
    /// Says what it is at.
    pub fn at(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// Ends the step with a short result.
    pub fn done(self, result: &str) {
        self.bar.finish_and_clear();
        let seconds = self.began.elapsed().as_secs_f64();
        let mark = if self.terminal { "✓" } else { "-" };
        let line = format!("  {mark} {:<22} {seconds:>6.1} s  {result}\n", self.name);
        // A reader that went away (`2>&1 | head`) ends no build.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // A step that failed leaves no half-drawn line behind.
        self.bar.finish_and_clear();
    }
}

/// A size for people.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::Progress;
    use std::process::{Command, Stdio};

    /// What a build says at the end of each step; also run by the test below.
    #[test]
    fn a_step_ends() {
        Progress::detect().step("root image").done("80.1 MB");
    }

    #[test]
    fn steps_that_nobody_reads_of_end_no_build() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let this = std::env::current_exe().expect("this test");
        let status = Command::new(this)
            .args(["--exact", "progress::tests::a_step_ends", "--nocapture"])
            .stdout(Stdio::null())
            .stderr(writer)
            .status()
            .expect("it is run");
        assert!(status.success(), "{status}");
    }
}
