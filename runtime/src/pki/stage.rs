//! How the authorities are exchanged, as a state machine.
//!
//! ```text
//!              begin                  switch                   finish
//!   Settled ──────────▶ Announced ──────────────▶ Switched ──────────────▶ Settled
//!   one generation      both are trusted,         both are trusted,        the new one
//!      ▲                the old one signs         the new one signs
//!      └── abandon ─────────┘
//! ```

use thiserror::Error;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// There is one generation.
    Settled,
    /// The new generation is trusted beside the old one, which signs.
    Announced,
    /// The new generation signs; the old one is still trusted.
    Switched,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make new authorities, and trust them.
    Begin,
    /// Forget the new ones.
    Abandon,
    /// Let the new ones sign.
    Switch,
    /// Trust the old ones no longer.
    Finish,
}

/// What a step depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// A release is on trial, and the one before may know nothing of rotations.
    pub on_trial: bool,
    /// Kubernetes was started with the authorities as they are.
    pub in_use: bool,
    /// Tokens of pods that the old key signed.
    pub old_tokens: usize,
    /// The machine has not been started anew since the new authorities sign: pods may know the old ones alone.
    pub same_boot: bool,
    /// Do not mind those who know only the old ones.
    pub insist: bool,
}

/// Why a step is not taken; the text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing was begun.
    #[error("no rotation was begun; `holdfast authorities begin` makes new authorities")]
    NotBegun,
    /// One was begun already.
    #[error("a rotation was begun already; next: `holdfast authorities switch`, or `abandon`")]
    Begun,
    /// The new ones do not sign yet.
    #[error("the new authorities do not sign yet; next: `holdfast authorities switch`")]
    NotSwitched,
    /// The new ones sign already.
    #[error("the new authorities sign already; next: `holdfast authorities finish`")]
    Switched,
    /// A release is on trial.
    #[error("a release is on trial; wait until it is confirmed (`holdfast upgrade status`)")]
    OnTrial,
    /// The step before is not in force.
    #[error(
        "Kubernetes does not run with the step before yet; wait some seconds, then see `holdfast authorities show` and `holdfast logs keeper`"
    )]
    NotInUse,
    /// Tokens would be refused.
    #[error(
        "{0} tokens of pods were signed by the old key; new ones take their place within an hour (a day at most), or when the machine restarts. --yes does not wait for them"
    )]
    OldTokens(usize),
    /// Pods would not believe the API server.
    #[error(
        "pods that started before the rotation may know the old authority alone, and would not believe the API server: restart the machine (`holdfast reboot`), or all pods that speak to the API and then say --yes"
    )]
    SameBoot,
}

/// Where a step leads: one answer for each stage and step.
///
/// # Errors
/// The step does not fit the stage, or something stands in its way.
pub fn next_stage(stage: Stage, step: Step, facts: &Facts) -> Result<Stage, Refusal> {
    let next = match (stage, step) {
        (Stage::Settled, Step::Begin) => Stage::Announced,
        (Stage::Settled, Step::Abandon | Step::Switch | Step::Finish) => {
            return Err(Refusal::NotBegun);
        }
        (Stage::Announced, Step::Begin) => return Err(Refusal::Begun),
        (Stage::Announced, Step::Abandon) => Stage::Settled,
        (Stage::Announced, Step::Switch) => Stage::Switched,
        (Stage::Announced, Step::Finish) => return Err(Refusal::NotSwitched),
        (Stage::Switched, Step::Begin | Step::Abandon | Step::Switch) => {
            return Err(Refusal::Switched);
        }
        (Stage::Switched, Step::Finish) => Stage::Settled,
    };
    stands_in_the_way(step, facts).map_or(Ok(next), Err)
}

fn stands_in_the_way(step: Step, facts: &Facts) -> Option<Refusal> {
    if facts.on_trial {
        return Some(Refusal::OnTrial);
    }
    // Who signs or leaves must have been known to all before.
    if matches!(step, Step::Switch | Step::Finish) && !facts.in_use {
        return Some(Refusal::NotInUse);
    }
    if step != Step::Finish || facts.insist {
        return None;
    }
    match (facts.old_tokens, facts.same_boot) {
        (0, false) => None,
        (0, true) => Some(Refusal::SameBoot),
        (tokens, _) => Some(Refusal::OldTokens(tokens)),
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal::{Begun, NotBegun, NotInUse, NotSwitched, OldTokens, OnTrial, SameBoot};
    use super::Stage::{Announced, Settled, Switched};
    use super::Step::{Abandon, Begin, Finish, Switch};
    use super::{Facts, Refusal, next_stage};

    const WELL: Facts = Facts {
        on_trial: false,
        in_use: true,
        old_tokens: 0,
        same_boot: false,
        insist: false,
    };

    #[test]
    fn every_step_in_every_stage() {
        for (stage, step, next) in [
            (Settled, Begin, Ok(Announced)),
            (Settled, Abandon, Err(NotBegun)),
            (Settled, Switch, Err(NotBegun)),
            (Settled, Finish, Err(NotBegun)),
            (Announced, Begin, Err(Begun)),
            (Announced, Abandon, Ok(Settled)),
            (Announced, Switch, Ok(Switched)),
            (Announced, Finish, Err(NotSwitched)),
            (Switched, Begin, Err(Refusal::Switched)),
            (Switched, Abandon, Err(Refusal::Switched)),
            (Switched, Switch, Err(Refusal::Switched)),
            (Switched, Finish, Ok(Settled)),
        ] {
            assert_eq!(next_stage(stage, step, &WELL), next, "{stage:?}, {step:?}");
        }
    }

    #[test]
    fn what_stands_in_the_way() {
        let trial = Facts {
            on_trial: true,
            insist: true,
            ..WELL
        };
        let waits = Facts {
            in_use: false,
            insist: true,
            ..WELL
        };
        let users = Facts {
            old_tokens: 3,
            same_boot: true,
            ..WELL
        };
        let boot = Facts {
            same_boot: true,
            ..WELL
        };
        let insists = Facts {
            insist: true,
            ..users
        };
        for (case, stage, step, facts, next) in [
            ("on trial", Settled, Begin, trial, Err(OnTrial)),
            ("on trial", Switched, Finish, trial, Err(OnTrial)),
            ("nothing to wait for", Settled, Begin, waits, Ok(Announced)),
            ("not known to all", Announced, Switch, waits, Err(NotInUse)),
            ("going back", Announced, Abandon, waits, Ok(Settled)),
            ("new ones unused", Switched, Finish, waits, Err(NotInUse)),
            ("users", Switched, Finish, users, Err(OldTokens(3))),
            ("users, yet", Announced, Switch, users, Ok(Switched)),
            ("same boot", Switched, Finish, boot, Err(SameBoot)),
            ("insists", Switched, Finish, insists, Ok(Settled)),
        ] {
            assert_eq!(next_stage(stage, step, &facts), next, "{case}");
        }
    }
}
