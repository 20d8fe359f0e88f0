//! Progress: a bar with rate and time left on a terminal, a line now and then elsewhere.

use flash::{Phase, Watch};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How far it has come, shown.
pub(super) struct Shown {
    terminal: bool,
    stop: Arc<AtomicBool>,
    phase: Option<Phase>,
    began: Instant,
    /// Tenths that have been told, where there is no bar.
    tenths: u64,
    bar: ProgressBar,
}

impl Shown {
    /// `stop` is set when a person wants it to stop.
    pub(super) fn new(stop: Arc<AtomicBool>) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            stop,
            phase: None,
            began: Instant::now(),
            tenths: 0,
            bar: ProgressBar::hidden(),
        }
    }

    /// Leaves no half-drawn line.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&mut self, phase: Phase, total: u64) {
        self.end();
        self.phase = Some(phase);
        self.began = Instant::now();
        self.tenths = 0;
        if !self.terminal {
            return;
        }
        self.bar = ProgressBar::new(total);
        self.bar.set_prefix(name(phase));
        let style = "  {prefix:<10} [{bar:30}] {decimal_bytes:>9} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.bar.set_style(style.progress_chars("=> "));
        }
    }

    fn line(&mut self, phase: Phase, done: u64, total: u64) {
        let tenths = done * 10 / total.max(1);
        if tenths <= self.tenths || phase == Phase::Flush {
            return;
        }
        self.tenths = tenths;
        let seconds = self.began.elapsed().as_secs_f64();
        let left = seconds * (total - done) as f64 / done as f64;
        let rate = done as f64 / 1e6 / seconds.max(0.001);
        crate::out::tell!(
            "  {:<10} {:>3}%  {rate:.1} MB/s  {left:.0} s left",
            name(phase),
            tenths * 10
        );
    }
}

const fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Write => "writing",
        Phase::Flush => "flushing",
        Phase::Verify => "comparing",
    }
}

impl Watch for Shown {
    fn at(&mut self, phase: Phase, done: u64, total: u64) {
        if self.phase != Some(phase) {
            self.begin(phase, total);
        }
        if self.terminal {
            self.bar.set_position(done);
        } else {
            self.line(phase, done, total);
        }
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
