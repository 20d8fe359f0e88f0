//! Whether a release has proved itself: the node is Ready, and stays so for a while. A pure decision over PID 1's status.

use init_api::{ConfigurationState, Millis, Mode, Status};

/// How long everything has to be well without a break: a node that is Ready and falls over proves nothing.
pub(crate) const SETTLED: Millis = Millis::seconds(20);

/// What is not as it should be yet, a line each; nothing when all is well.
pub(crate) fn waiting_for(status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    match status.mode {
        Mode::Running => {}
        Mode::Booting => lines.push("the machine is still starting".to_owned()),
        Mode::Maintenance => lines.push("the machine is in maintenance mode".to_owned()),
        Mode::ShuttingDown => lines.push("the machine is going down".to_owned()),
    }
    if let Some(problem) = &status.problem {
        lines.push(problem.title.clone());
    }
    if status.configuration.state == ConfigurationState::Running {
        lines.push("the configuration is being applied".to_owned());
    }
    match &status.node {
        Some(node) if node.ready => {}
        Some(node) => {
            let why = node.why_not_ready().unwrap_or_default();
            lines.push(format!("node {} is not ready{why}", node.name));
        }
        None => lines.push("the node is not known yet".to_owned()),
    }
    lines
}

/// Since when all is well without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settling(Option<Millis>);

impl Settling {
    /// Takes in a look at `now`; gives whether it has been well for long enough.
    pub(crate) fn look(&mut self, well: bool, now: Millis) -> bool {
        self.0 = well.then(|| self.0.unwrap_or(now));
        self.0.is_some_and(|since| now.since(since) >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::{SETTLED, Settling};
    use init_api::Millis;

    #[test]
    fn it_has_to_be_well_without_a_break() {
        let mut settling = Settling::default();
        let at = |seconds| Millis::seconds(seconds);
        for (now, well, expected) in [
            (100, true, false),
            (110, true, false),
            (115, false, false),
            (121, true, false),
            (140, true, false),
            (141, true, true),
            (142, false, false),
            (143, true, false),
        ] {
            assert_eq!(settling.look(well, at(now)), expected, "at {now}");
        }
        assert!(SETTLED > Millis(0));
    }
}
