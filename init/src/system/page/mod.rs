//! The console page: what a person in front of the machine wants to know.

mod render;
mod view;

use crate::report::Log;
use init_api::{InstallState, Millis, Mode, Problem, Standing};
use render::render;
use std::net::IpAddr;
pub(super) use view::View;

/// Screens are drawn at most this often.
const PAUSE: Millis = Millis::seconds(1);

/// The page as it was last drawn.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    gist: Option<Gist>,
    drawn: Millis,
    due: Option<Millis>,
}

/// What makes the page worth a line's time: a serial console cannot be cleared, so it gets the page only when one of
/// these changes.
#[derive(Debug, PartialEq, Eq)]
struct Gist {
    mode: Mode,
    standing: Option<std::mem::Discriminant<Standing>>,
    install: Option<InstallState>,
    addresses: Vec<IpAddr>,
    problems: Vec<Problem>,
    notes: Vec<String>,
    /// Each with whether there is output to show.
    failing: Vec<(String, bool)>,
}

impl Page {
    /// Draws the page where what it says has changed.
    pub(super) fn draw(&mut self, view: &View<'_>, log: &Log) {
        if log.is_quiet() {
            // Drawn anew when the consoles are free again.
            *self = Self::default();
            return;
        }
        let text = render(view);
        let gist = Gist::of(view);
        let now = view.status.uptime_ms;
        if self.gist.as_ref() != Some(&gist) {
            log.on_lines(&text);
            self.gist = Some(gist);
        }
        let earliest = self.drawn.plus(PAUSE);
        self.due = None;
        if text == self.text {
            return;
        }
        if now < earliest {
            self.due = Some(earliest);
            return;
        }
        log.on_screens(&text);
        self.text = text;
        self.drawn = now;
    }

    /// When [`Page::draw`] is wanted at the latest.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.due
    }
}

impl Gist {
    fn of(view: &View<'_>) -> Self {
        let status = view.status;
        let node = status.node.as_ref();
        Self {
            mode: status.mode,
            standing: node.map(|node| std::mem::discriminant(&node.standing(status.uptime_ms))),
            install: status.install.clone(),
            addresses: view.addresses.clone(),
            problems: view.problems().cloned().collect(),
            notes: view.notes.to_vec(),
            failing: status
                .failing_services()
                .map(|service| (service.failure(), !service.last_output.is_empty()))
                .collect(),
        }
    }
}
