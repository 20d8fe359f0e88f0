//! The page's text.

use super::view::View;
use init_api::{BootEnd, Mode, NO_ADDRESS, Problem, ServiceState, Standing, Status};
use std::fmt::Write;

/// More notes than this would push the rest off a screen of 25 lines.
const MOST_NOTES: usize = 3;
/// A note goes on for so many characters at most: two lines of a screen.
const LONGEST_NOTE: usize = 140;

/// The page as plain lines, fit for a screen and a serial line.
pub(super) fn render(view: &View<'_>) -> String {
    let status = view.status;
    let mut page = Text::default();
    page.blank();
    page.line(&headline(status));
    page.labelled("Addresses", addresses(view));
    page.labelled("State", [state(status)]);
    page.labelled("Trial", status.trial());
    page.labelled("Last boot", last_boot(status));
    page.labelled("Waiting", waiting(status));
    for service in status.failing_services() {
        page.labelled("Failing", [service.failure()]);
        for line in &service.last_output {
            page.labelled("", [format!("| {}", shortened(line))]);
        }
    }
    for problem in view.problems() {
        page.blank();
        page.problem(problem);
    }
    page.labelled("Note", notes(view));
    page.blank();
    page.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn blank(&mut self) {
        self.0.push('\n');
    }

    /// What a person or a program wrote must not move the cursor.
    fn line(&mut self, text: &str) {
        let plain: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{plain}");
    }

    /// A line each, with the label before it.
    fn labelled(&mut self, label: &str, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            self.line(&format!("  {label:9}  {text}"));
        }
    }

    /// The label stands before the first line only.
    fn block(&mut self, label: &str, text: &str) {
        for (number, text) in text.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.labelled(label, [text.to_owned()]);
        }
    }

    fn problem(&mut self, problem: &Problem) {
        self.block("Problem", &format!("{}: {}", problem.title, problem.text));
        self.block("Cure", &problem.cure);
    }
}

fn headline(status: &Status) -> String {
    let slot = status
        .boot
        .as_ref()
        .map_or_else(|| "?".to_owned(), |boot| boot.slot.to_string());
    format!(
        "  Holdfast {}   slot {slot}   {}",
        status.version, status.hostname
    )
}

/// That there is none is told where one is wanted: by a node, and by a person who shall come in by ssh.
fn addresses(view: &View<'_>) -> Option<String> {
    let all: Vec<_> = view.addresses.iter().map(ToString::to_string).collect();
    let wanted = view.status.node.is_some() || view.status.mode == Mode::Maintenance;
    match (all.is_empty(), wanted) {
        (false, _) => Some(all.join("  ")),
        (true, true) => Some(NO_ADDRESS.to_owned()),
        (true, false) => None,
    }
}

fn state(status: &Status) -> String {
    match (status.mode, &status.node) {
        (Mode::Booting, _) => "starting".into(),
        (Mode::Maintenance, _) => "MAINTENANCE: waiting for a person".into(),
        (Mode::ShuttingDown, _) => match &status.install {
            // Its last words come with the request to go down, too late for a page of their own.
            Some(install) if install.finished => format!("shutting down: {}", install.doing),
            _ => "shutting down".into(),
        },
        (Mode::Running, Some(node)) => match node.standing(status.uptime_ms) {
            Standing::Ready { .. } => format!("node {} is Ready", node.name),
            Standing::NotReady => {
                let why = node.why_not_ready().unwrap_or_default();
                format!("node {} is not ready{why}", node.name)
            }
            Standing::Unknown { silent } => format!(
                "node {} is not known to be Ready: {}",
                node.name,
                node.silence(silent)
            ),
        },
        (Mode::Running, None) => match &status.install {
            Some(install) => install.line(),
            None => "running, node not known yet".into(),
        },
    }
}

/// One line; nothing where nothing is known.
fn last_boot(status: &Status) -> Option<String> {
    let last = status.last_boot.as_ref();
    let known = last.filter(|last| last.end != BootEnd::NotKnown);
    known.map(|last| shortened(&last.line()))
}

fn waiting(status: &Status) -> Vec<String> {
    let node = status.node.iter().flat_map(|node| node.waiting_for.clone());
    let services = status
        .services
        .iter()
        .filter(|s| s.state == ServiceState::Starting)
        .map(|s| format!("service {}", s.name));
    services.chain(node).collect()
}

/// The configuration's first: those a person can mend.
fn notes(view: &View<'_>) -> Vec<String> {
    let all: Vec<_> = view.notes.iter().chain(&view.status.notes).collect();
    let more = all.len().saturating_sub(MOST_NOTES);
    let more = (more > 0).then(|| format!("and {more} more: see `holdfast status`"));
    all.iter()
        .take(MOST_NOTES)
        .map(|note| shortened(note))
        .chain(more)
        .collect()
}

/// The first line, as far as there is room.
fn shortened(note: &str) -> String {
    let line = note.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST_NOTE).collect();
    if short.len() < note.len() {
        short + " …"
    } else {
        short
    }
}

#[cfg(test)]
mod tests;
