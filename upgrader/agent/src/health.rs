//! Whether a release has proved itself: the node is Ready, and stays so for a while. A pure decision over PID 1's status.

use init_api::{ConfigurationState, Configured, Millis, Mode, PendingTrial, Status};

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

/// That the release on trial does not take the configuration that the one before it took: the node runs, by an older one, and does
/// not do what its owner wrote any more.
pub(crate) fn refuses_configuration(
    pending: &PendingTrial,
    configured: &Configured,
) -> Option<String> {
    let instead = configured.instead.as_ref()?;
    pending.own_config.then(|| {
        let why = instead.text.lines().next().unwrap_or_default();
        format!(
            "this release refuses the node's configuration: {}: {why}",
            instead.title
        )
    })
}

/// Since when all is well without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settling(Option<Millis>);

impl Settling {
    /// Notes whether all is well at `now`; gives whether it has been well for long enough.
    pub(crate) fn note(&mut self, well: bool, now: Millis) -> bool {
        self.0 = well.then(|| self.0.unwrap_or(now));
        self.0.is_some_and(|since| now.since(since) >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::{SETTLED, Settling, refuses_configuration};
    use init_api::{Configured, Millis, PendingTrial, Problem, Slot, SlotRelease};

    fn release(version: &str) -> SlotRelease {
        SlotRelease {
            version: version.into(),
            slot: Slot::B,
            root_hash: version.into(),
            entry: format!("holdfast_{version}.efi"),
            kubernetes: None,
        }
    }

    #[test]
    fn a_release_that_refuses_what_the_one_before_took_is_not_well() {
        let refused = Problem::new(
            "The configuration is wrong",
            "error: line 3\nmore",
            "Mend it.",
        );
        for (own_config, instead, expected) in [
            (true, None, None),
            (
                true,
                Some(&refused),
                Some(
                    "this release refuses the node's configuration: The configuration is wrong: error: line 3",
                ),
            ),
            // It was wrong for the release before, too.
            (false, Some(&refused), None),
            (false, None, None),
        ] {
            let pending = PendingTrial {
                release: release("2"),
                tries: 3,
                attempts: 1,
                deadline_s: 600,
                good: release("1"),
                rollback: false,
                own_config,
                checks: Vec::new(),
            };
            let configured = Configured {
                instead: instead.cloned(),
                ..Configured::default()
            };
            let said = refuses_configuration(&pending, &configured);
            assert_eq!(said.as_deref(), expected, "{own_config}");
        }
    }

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
            assert_eq!(settling.note(well, at(now)), expected, "at {now}");
        }
        assert!(SETTLED > Millis(0));
    }
}
