//! What a node that could not be configured, or was not to be, tells people.

use crate::policy::{OwnConfig, Policy, UsbStick};
use crate::services;
use crate::sources::FoundSources;
use init_api::Problem;
use std::error::Error;
use std::io;

/// A machine that never had a configuration.
pub(super) fn without_any(policy: &Policy, problem: Problem) -> (services::Purpose, Problem) {
    match policy.config {
        OwnConfig::Allow => (services::Purpose::Unconfigured, with_the_form(problem)),
        // Nobody signs at the console.
        OwnConfig::Signed => (services::Purpose::Maintenance, signed_is_asked_for(problem)),
    }
}

/// Who could plug in a stick with a wish for a reset may type it, too. A rescue script is left alone.
pub(super) fn asked_or_not(
    found: &FoundSources,
    policy: &Policy,
    problem: Problem,
) -> (services::Purpose, Problem) {
    let by_a_person = found.maintenance_asked_by.is_some() && !found.rescue;
    match by_a_person && policy.usb_stick == UsbStick::Allow {
        true => (services::Purpose::Asked, with_the_menu(problem)),
        false => (services::Purpose::Maintenance, problem),
    }
}

/// The form is the quickest cure for who stands in front of the machine.
fn with_the_form(problem: Problem) -> Problem {
    let form = "Press Enter at the machine's console: a form asks for what is needed.";
    Problem {
        cure: format!("{form} Or: {}", problem.cure),
        ..problem
    }
}

fn with_the_menu(problem: Problem) -> Problem {
    let menu = "Press Enter at the machine's console, where no login prompt is: a menu restarts it, powers it off, or resets it.";
    Problem {
        cure: format!("{menu} {}", problem.cure),
        ..problem
    }
}

/// What is put there must be signed.
fn signed_is_asked_for(problem: Problem) -> Problem {
    let text = "This image says `config: signed`: it takes a configuration only with config.yaml.sig beside it, which `holdfast config sign` makes.";
    Problem {
        text: format!("{}\n{text}", problem.text.trim_end()),
        ..problem
    }
}

/// The chain of causes in one text.
pub(super) fn not_applied(error: &dyn Error) -> Problem {
    let mut text = error.to_string();
    let mut full = false;
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!("\n  because: {cause}"));
        full |= cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
        next = cause.source();
    }
    let cure = if full {
        "The state partition is full. Free some room below /var (`du -x -d2 -h /state`), then run `holdfast node configure`; or use a larger disk."
    } else {
        "Mend what the text names, then restart the machine or run `holdfast config apply FILE`."
    };
    Problem::new("The configuration could not be applied", text, cure)
}
