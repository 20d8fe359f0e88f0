//! What `holdfast status --check` fails for.

use init_api::{Configured, Mode, NodeState, Standing, Status};

/// Whether it needs a person, by what PID 1 says.
pub(super) fn is_unwell(status: &Status) -> bool {
    status.mode == Mode::Maintenance || !status.failing().is_empty() || is_node_unwell(status)
}

/// A node that starts or shuts down, or a machine that is installed, need not be Ready.
fn is_node_unwell(status: &Status) -> bool {
    let now = status.uptime_ms;
    let runs = status.mode == Mode::Running && status.install.is_none();
    match &status.node {
        Some(node) => {
            matches!(node.standing(now), Standing::Unknown { .. })
                || runs && node.is_long_not_ready(now)
        }
        None => runs && NodeState::is_long(now),
    }
}

/// Whether the node does without something that its configuration asks for.
pub(super) fn is_less_than_asked(configuration: &Configured) -> bool {
    configuration.instead.is_some() || configuration.in_clear
}
