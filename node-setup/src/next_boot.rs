//! What the next boot goes by. Kept when a configuration went well, never while it is on trial: what goes back by itself is
//! not good yet. What cannot be kept is only said: the one before stands in, or the next boot does without.

use crate::facts::Facts;
use crate::last_good::Record;
use crate::sources::{FoundSources, KnownSticks, StoredUrl};
use crate::step::{Content, Step};
use init_api::{Services, paths};
use os_config::{Loaded, SourceName};

/// Steps that belong together. When one fails, that is noted and the configuration stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BestEffort {
    /// The steps.
    pub(crate) steps: Vec<Step>,
    /// What it means when one of them fails.
    pub(crate) otherwise: &'static str,
}

/// Records what the sources said, now that it is in force.
pub(crate) fn record_for_next_boot(
    facts: &Facts,
    found: &FoundSources,
    loaded: &Loaded,
    last_good: Record,
) -> Vec<BestEffort> {
    let sources = found.sources.as_slice().iter();
    let sticks = sources
        .filter(|source| source.name == SourceName::UsbStick)
        .count();
    let url = loaded.config().config_url.as_ref();
    let url = url.map(|url| StoredUrl::record_tried(facts.tried_url.as_deref(), url.as_str()));
    vec![
        BestEffort {
            steps: KnownSticks::add_up_to(facts.known_sticks, sticks),
            otherwise: "the next boot does not wait for the USB stick",
        },
        BestEffort {
            steps: last_good.steps,
            otherwise: "this configuration is not kept as the last good one",
        },
        BestEffort {
            steps: url.unwrap_or_default(),
            otherwise: "what config_url gave is not kept for the next boot",
        },
    ]
}

/// Records the services that the next boot starts before it reads its configuration.
pub(crate) fn record_early_services(services: &Services) -> BestEffort {
    let early = Content::json(&runtime::early_services(services));
    let step = early.map(|content| Step::file(paths::EARLY_SERVICES, 0o600, content));
    BestEffort {
        steps: step.into_iter().collect(),
        otherwise: "the next boot starts containerd later",
    }
}

/// Before a trial's containerd.toml is written: state has only one, and a boot that comes before the trial has ended must not
/// start containerd by it, but after its own configuration. The removal is on disk when this is done.
pub(crate) fn forget_early_services() -> Step {
    Step::Remove {
        path: paths::EARLY_SERVICES.into(),
    }
}
