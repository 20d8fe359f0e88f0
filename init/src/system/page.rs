//! The console page: what a person in front of the machine wants to know.

use crate::report::Log;
use init_api::{Millis, Mode, NO_ADDRESS, Problem, ServiceState, Status};
use std::fmt::Write;
use std::net::IpAddr;

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
    ready: bool,
    addresses: Vec<IpAddr>,
    problem: Option<Problem>,
    failing: Vec<String>,
}

impl Page {
    /// Draws the page where what it says has changed.
    pub(super) fn draw(&mut self, status: &Status, log: &Log) {
        let text = render(status);
        let gist = Gist::of(status);
        if self.gist.as_ref() != Some(&gist) {
            log.on_lines(&text);
            self.gist = Some(gist);
        }
        let earliest = self.drawn.plus(PAUSE);
        self.due = None;
        if text == self.text {
            return;
        }
        if status.uptime_ms < earliest {
            self.due = Some(earliest);
            return;
        }
        log.on_screens(&text);
        self.text = text;
        self.drawn = status.uptime_ms;
    }

    /// When [`Page::draw`] is wanted at the latest.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.due
    }
}

impl Gist {
    fn of(status: &Status) -> Self {
        Self {
            mode: status.mode,
            ready: status.node.as_ref().is_some_and(|node| node.ready),
            addresses: status
                .node
                .iter()
                .flat_map(|node| node.addresses.clone())
                .collect(),
            problem: status.problem.clone(),
            failing: status.failing(),
        }
    }
}

/// The page as plain lines, fit for a screen and a serial line.
fn render(status: &Status) -> String {
    let slot = status
        .boot
        .as_ref()
        .map_or_else(|| "?".to_owned(), |boot| boot.slot.to_string());
    let mut page = String::new();
    let mut line = |text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{text}");
    };
    line(String::new());
    line(format!(
        "  Holdfast {}   slot {slot}   {}",
        status.version, status.hostname
    ));
    if let Some(node) = &status.node {
        let addresses: Vec<_> = node.addresses.iter().map(ToString::to_string).collect();
        line(if addresses.is_empty() {
            format!("  Addresses  {NO_ADDRESS}")
        } else {
            format!("  Addresses  {}", addresses.join("  "))
        });
    }
    line(format!("  State      {}", state(status)));
    for waited in waiting(status) {
        line(format!("  Waiting    {waited}"));
    }
    for failing in status.failing() {
        line(format!("  Failing    {failing}"));
    }
    if let Some(problem) = &status.problem {
        line(String::new());
        for (number, text) in problem.text.lines().enumerate() {
            line(if number == 0 {
                format!("  Problem    {}: {text}", problem.title)
            } else {
                format!("             {text}")
            });
        }
        for (number, text) in problem.cure.lines().enumerate() {
            line(format!(
                "  {}    {text}",
                if number == 0 { "Cure   " } else { "       " }
            ));
        }
    }
    for note in &status.notes {
        line(format!("  Note       {note}"));
    }
    line(String::new());
    page
}

fn state(status: &Status) -> String {
    match (status.mode, &status.node) {
        (Mode::Booting, _) => "starting".into(),
        (Mode::Maintenance, _) => "MAINTENANCE: waiting for a person".into(),
        (Mode::ShuttingDown, _) => "shutting down".into(),
        (Mode::Running, Some(node)) if node.ready => format!("node {} is Ready", node.name),
        (Mode::Running, Some(node)) => format!("node {} is not ready: {}", node.name, node.reason),
        (Mode::Running, None) => "running, node not known yet".into(),
    }
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

#[cfg(test)]
mod tests {
    use super::render;
    use init_api::{
        Configuration, ConfigurationState, Exit, Kind, Millis, Mode, NodeState, Problem,
        ServiceName, ServiceState, ServiceStatus, Status,
    };

    fn status(mode: Mode) -> Status {
        Status {
            mode,
            version: "1.2.3".into(),
            kernel: "6.12".into(),
            hostname: "shed".into(),
            uptime_ms: Millis(1),
            boot: None,
            phases: Vec::new(),
            services: Vec::new(),
            configuration: Configuration {
                generation: 1,
                state: ConfigurationState::Applied,
            },
            problem: None,
            node: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_ready_node() {
        let node = NodeState {
            name: "shed".into(),
            ready: true,
            addresses: vec![[10, 0, 0, 7].into()],
            ..NodeState::default()
        };
        let page = render(&Status {
            node: Some(node),
            ..status(Mode::Running)
        });
        assert_eq!(
            page,
            "\n  Holdfast 1.2.3   slot ?   shed\n  Addresses  10.0.0.7\n  State      node shed is Ready\n\n"
        );
    }

    #[test]
    fn a_node_that_nobody_can_reach_says_so() {
        let node = NodeState {
            name: "shed".into(),
            ready: true,
            ..NodeState::default()
        };
        let page = render(&Status {
            node: Some(node),
            ..status(Mode::Running)
        });
        assert!(
            page.contains("\n  Addresses  none that others can reach: look at cable, DHCP and network in config.yaml\n"),
            "{page}"
        );
    }

    #[test]
    fn maintenance_says_what_is_wrong_and_what_to_do() {
        let broken = ServiceStatus {
            name: ServiceName::new("time").expect("name"),
            kind: Kind::Daemon,
            state: ServiceState::Pausing,
            pid: None,
            restarts: 3,
            last_exit: Some(Exit::Code(1)),
            since_ms: Millis(0),
            waiting_for: Vec::new(),
        };
        let problem = Problem::new(
            "The configuration is wrong",
            "config.yaml:3: unknown key\n  hostnme: x",
            "Mend it.\nThen reboot.",
        );
        let page = render(&Status {
            problem: Some(problem),
            services: vec![broken],
            ..status(Mode::Maintenance)
        });
        assert_eq!(
            page,
            "\n  Holdfast 1.2.3   slot ?   shed\n  State      MAINTENANCE: waiting for a person\n  Failing    service time (exit code 1): see `holdfast logs time`\n\n  Problem    The configuration is wrong: config.yaml:3: unknown key\n               hostnme: x\n  Cure       Mend it.\n             Then reboot.\n\n"
        );
    }
}
