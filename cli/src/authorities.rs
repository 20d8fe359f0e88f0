//! `holdfast authorities`: the cluster's authorities are exchanged, step by step.

use crate::client::on_a_node;
use crate::config::as_root_on_a_node;
use crate::out;
use clap::Subcommand;
use init_api::Millis;
use runtime::pki::{Facts, Stage, Step};
use runtime::{Paths, Rotation};
use std::process::ExitCode;
use std::time::SystemTime;

/// Exchange the cluster's authorities: those who sign certificates of users and servers, and tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "In this order: `begin`, `switch`, `finish`. Control plane and kubelet start anew at each step; pods go on. Kubeconfigs and \
                  tokens of before are good until `finish`. To shut somebody out who has the keys, take all three at once, with `finish --yes`, \
                  and restart the machine."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Show how far it is, and what is next
    Show,
    /// Make new authorities, and trust them beside the old ones, which go on signing
    Begin,
    /// Forget the new authorities, as long as they do not sign
    Abandon,
    /// Let the new authorities sign; the old ones are still trusted
    Switch,
    /// Trust the old authorities no longer: what they signed is refused
    Finish {
        /// Do not mind pods that know the old authorities alone, or have tokens that the old key signed
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    let (paths, now) = (Paths::default(), SystemTime::now());
    let (step, insist) = match args.action {
        Action::Show => {
            let rotation = Rotation::read(&paths, now)?;
            out::line(line(&rotation, now))?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Begin => (Step::Begin, false),
        Action::Abandon => (Step::Abandon, false),
        Action::Switch => (Step::Switch, false),
        Action::Finish { yes } => (Step::Finish, yes),
    };
    let stage = Rotation::take(&paths, step, insist, now)?;
    out::line(taken(step, stage))?;
    Ok(ExitCode::SUCCESS)
}

fn taken(step: Step, stage: Stage) -> String {
    let done = match (stage, step) {
        (Stage::Announced, _) => {
            "New authorities are made, and trusted as soon as Kubernetes has started anew, which it does now.\n\
             Next: `holdfast authorities switch`."
        }
        (Stage::Switched, _) => {
            "The new authorities sign as soon as Kubernetes has started anew, which it does now.\n\
             Until the end, make all that shall go on after it anew: kubeconfigs (`holdfast kubeconfig`), and tokens in Secrets of the type \
             kubernetes.io/service-account-token. Pods get theirs by themselves.\n\
             Next: restart the machine when it suits, then `holdfast authorities finish`."
        }
        (Stage::Settled, Step::Abandon) => {
            "The new authorities are forgotten; Kubernetes starts anew without them."
        }
        (Stage::Settled, _) => {
            "The old authorities are forgotten; Kubernetes starts anew without them. What they signed is refused then."
        }
    };
    done.to_owned()
}

/// How far a rotation is and what is next, for `holdfast status`; nothing if there is none.
pub(crate) fn under_way(now: SystemTime) -> Option<String> {
    let rotation = Rotation::read(&Paths::default(), now).ok()?;
    (rotation.stage != Stage::Settled).then(|| line(&rotation, now))
}

fn line(rotation: &Rotation, now: SystemTime) -> String {
    let age = now.duration_since(rotation.since).unwrap_or_default();
    let age = Millis(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)).rounded();
    if !rotation.facts.in_use {
        return "Kubernetes does not run with them as they are yet; see `holdfast logs keeper`"
            .to_owned();
    }
    match rotation.stage {
        Stage::Settled => "one generation; no rotation is under way".to_owned(),
        Stage::Announced => format!(
            "new ones are trusted beside the old ones for {age}; next: `holdfast authorities switch`"
        ),
        Stage::Switched => format!(
            "new ones sign for {age}, the old ones are still trusted; {}",
            before_the_end(&rotation.facts)
        ),
    }
}

fn before_the_end(facts: &Facts) -> String {
    match (facts.old_tokens, facts.same_boot) {
        (0, false) => "next: `holdfast authorities finish`".to_owned(),
        (0, true) => "next: restart the machine, then `holdfast authorities finish`".to_owned(),
        (tokens, _) => format!(
            "{tokens} tokens of pods are from before; next: restart the machine or wait, then `holdfast authorities finish`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use runtime::Rotation;
    use runtime::pki::{Facts, Stage};
    use std::time::{Duration, SystemTime};

    #[test]
    fn where_it_stands_and_what_is_next() {
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let now = since + Duration::from_secs(7200);
        let well = Facts {
            in_use: true,
            ..Facts::default()
        };
        let waits = Facts::default();
        let boot = Facts {
            same_boot: true,
            ..well
        };
        let tokens = Facts {
            old_tokens: 2,
            ..boot
        };
        for (stage, facts, shown) in [
            (Stage::Settled, well, "no rotation is under way"),
            (
                Stage::Settled,
                waits,
                "does not run with them as they are yet",
            ),
            (
                Stage::Announced,
                waits,
                "does not run with them as they are yet",
            ),
            (
                Stage::Announced,
                well,
                "for 2 h 0 min; next: `holdfast authorities switch`",
            ),
            (Stage::Switched, well, "next: `holdfast authorities finish`"),
            (Stage::Switched, boot, "next: restart the machine, then"),
            (Stage::Switched, tokens, "2 tokens of pods are from before"),
        ] {
            let rotation = Rotation {
                stage,
                since,
                facts,
            };
            let line = line(&rotation, now);
            assert!(line.contains(shown), "{stage:?}: {line}");
        }
    }
}
