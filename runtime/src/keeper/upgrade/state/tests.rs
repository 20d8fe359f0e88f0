use super::{Asked, Facts, state};
use crate::keeper::upgrade::step::{Step, next};
use serde_json::{Value, json};
use upgrade_api::{Offer, Report};
use upgrade_crd::{NodePhase, NodeUpgradeSpec, NodeUpgradeStatus};

/// What differs from a quiet node in 0.1.0 that is asked to run 0.2.0.
#[derive(Default)]
struct Case {
    spec: Value,
    before: NodeUpgradeStatus,
    doing: Value,
    staged: bool,
    failed: bool,
    running: &'static str,
    working: bool,
    refused: Option<&'static str>,
    held_off: bool,
    offers: Option<Vec<Offer>>,
}

fn slot(version: &str) -> Value {
    json!({ "version": version, "slot": "b", "root_hash": "00", "entry": format!("holdfast_{version}.efi") })
}

impl Case {
    fn spec(&self) -> NodeUpgradeSpec {
        let mut spec = json!({
            "upgrade": "stores", "source": { "url": "https://r.example" },
            "version": "0.2.0", "want": "Run", "deadline": "15m",
        });
        if let Some(fields) = self.spec.as_object() {
            let all = spec.as_object_mut().expect("an object");
            all.extend(fields.clone());
        }
        serde_json::from_value(spec).expect("a specification")
    }

    fn report(&self) -> Report {
        let staged = json!({ "release": slot("0.2.0"), "uki_sha256": "00", "root_size": 1 });
        let failed =
            json!([{ "version": "0.2.0", "root_hash": "00", "why": ["it hung"], "at_s": 1 }]);
        let running = if self.running.is_empty() {
            "0.1.0"
        } else {
            self.running
        };
        let doing = if self.doing.is_null() {
            json!("nothing")
        } else {
            self.doing.clone()
        };
        serde_json::from_value(json!({
            "running": slot(running),
            "trial": null,
            "doing": doing,
            "record": {
                "staged": if self.staged { staged } else { Value::Null },
                "failed": if self.failed { failed } else { json!([]) },
            },
        }))
        .expect("a report")
    }

    /// The phase, the message, and the next step in a word.
    fn judge(&self) -> (NodePhase, String, String) {
        let (spec, report) = (self.spec(), self.report());
        let asked = Asked {
            spec: &spec,
            generation: 4,
            before: &self.before,
        };
        let facts = Facts {
            report: &report,
            working: self.working,
            refused: self.refused,
            held_off: self.held_off,
            offers: self.offers.as_deref(),
            offers_are_stale: self.offers.is_none(),
        };
        let status = state(&asked, &facts);
        assert_eq!(status.observed_generation, 4);
        let step = match next(&asked, &facts) {
            Step::Nothing => "nothing",
            Step::Check { .. } => "check",
            Step::Stage(request) if request.again => "stage again",
            Step::Stage(_) => "stage",
            Step::Activate { deadline_s, .. } => {
                assert_eq!(deadline_s, 900);
                "activate"
            }
        };
        (status.phase, status.message, step.to_owned())
    }
}

#[test]
fn each_step_of_a_node() {
    let staging =
        json!({ "staging": { "version": "0.2.0", "step": "fetch", "done": 1, "total": 2 } });
    let trial = json!({ "trial": { "waiting_for": ["the node is not Ready"] } });
    let wants = |want: &str| json!({ "want": want });
    let retry = json!({ "retry": 1 });
    let retried = NodeUpgradeStatus {
        retried: 1,
        ..NodeUpgradeStatus::default()
    };
    let case = Case::default;
    let no_route = Some("no route");
    #[rustfmt::skip]
    let table = [
        ("asked to report", Case { spec: wants("Report"), ..case() }, NodePhase::Idle, "", "nothing"),
        ("asked to stage", Case { spec: wants("Stage"), ..case() }, NodePhase::Idle, "", "stage"),
        ("asked already", Case { working: true, ..case() }, NodePhase::Idle, "", "nothing"),
        ("staging", Case { doing: staging, ..case() }, NodePhase::Staging, "0.2.0: fetch", "nothing"),
        ("staged", Case { spec: wants("Stage"), staged: true, ..case() }, NodePhase::Staged, "", "nothing"),
        ("its turn", Case { staged: true, ..case() }, NodePhase::Staged, "", "activate"),
        ("going down", Case { staged: true, doing: json!("restarting"), ..case() }, NodePhase::Restarting, "", "nothing"),
        ("on trial", Case { running: "0.2.0", doing: trial, ..case() }, NodePhase::Trial, "the node is not Ready", "nothing"),
        ("confirmed", Case { running: "0.2.0", ..case() }, NodePhase::Done, "", "nothing"),
        ("failed", Case { failed: true, ..case() }, NodePhase::Failed, "it hung", "nothing"),
        ("to be retried", Case { failed: true, spec: retry.clone(), ..case() }, NodePhase::Idle, "", "stage again"),
        ("staged again", Case { failed: true, staged: true, spec: retry.clone(), ..case() }, NodePhase::Staged, "", "activate"),
        ("failed again", Case { failed: true, before: retried, spec: retry, ..case() }, NodePhase::Failed, "it hung", "nothing"),
        ("its turn refused", Case { staged: true, refused: no_route, held_off: true, ..case() }, NodePhase::Blocked, "no route", "nothing"),
        ("refused, but there", Case { spec: wants("Stage"), staged: true, refused: no_route, ..case() }, NodePhase::Staged, "", "nothing"),
        ("refused", Case { refused: no_route, held_off: true, ..case() }, NodePhase::Blocked, "no route", "nothing"),
        ("once more", Case { refused: no_route, ..case() }, NodePhase::Blocked, "no route", "stage"),
    ];
    for (name, case, phase, message, step) in table {
        assert_eq!(
            case.judge(),
            (phase, message.to_owned(), step.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn the_newest_of_a_channel_is_told_and_what_is_in_the_way_of_it() {
    let offer = |version: &str, not_because: Option<&str>| Offer {
        version: version.to_owned(),
        channels: vec!["stable".to_owned()],
        given_by: match not_because {
            None => vec!["stable".to_owned()],
            Some(_) => Vec::new(),
        },
        not_because: not_because.map(str::to_owned),
        changelog: String::new(),
    };
    let judge = |offers| {
        let case = Case {
            spec: json!({ "version": null, "channel": "stable", "want": "Report" }),
            offers,
            ..Case::default()
        };
        let (_, message, step) = case.judge();
        (message, step)
    };
    let not_yet = || offer("0.3.0", Some("not before Monday"));
    let table = [
        (None, "", "check"),
        (Some(vec![not_yet(), offer("0.2.0", None)]), "", "nothing"),
        (
            Some(vec![not_yet()]),
            "0.3.0 of channel stable is not for this node: not before Monday",
            "nothing",
        ),
        (
            Some(Vec::new()),
            "channel stable has no release for this node",
            "nothing",
        ),
    ];
    for (offers, message, step) in table {
        assert_eq!(judge(offers), (message.to_owned(), step.to_owned()));
    }
}
