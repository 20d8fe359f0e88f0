//! The node's upgrader, asked over its socket. It answers slowly or not at all while a disk is slow, so each question is asked
//! beside the keeper's own work.

use super::state::{Asked, Facts};
use super::step::Step;
use crate::Paths;
use init_api::paths;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{info, warn};
use upgrade_api::{Answer, Client, ClientError, Doing, Offer, Report, Request};

/// After a refusal, doubled from one to the next.
const FIRST: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(600);
/// What a channel has is looked at again after this long.
const STALE: Duration = Duration::from_secs(900);

/// The upgrader, and what is known of it.
pub(super) struct Agent {
    socket: PathBuf,
    /// Where releases of a stick are, while one with some is plugged in.
    stick: PathBuf,
    report: Option<Report>,
    work: Option<JoinHandle<Result<Answer, ClientError>>>,
    refused: Option<Refused>,
    offers: Option<Offers>,
    /// The source and the channel that `work` asks about.
    checking: Option<(String, String)>,
    generation: i64,
}

/// It said no, or nothing.
#[derive(Debug, Clone)]
struct Refused {
    why: String,
    /// To what was asked then.
    generation: i64,
    until: Instant,
    pause: Duration,
    /// Whether a stick with releases was plugged in.
    stick: bool,
}

/// What a repository had.
#[derive(Debug, Clone)]
struct Offers {
    source: String,
    channel: String,
    list: Vec<Offer>,
    at: Instant,
}

impl Agent {
    pub(super) fn new(paths: &Paths) -> Self {
        Self {
            socket: paths.at(paths::UPGRADE_SOCKET),
            stick: paths.at(paths::STICK_RELEASES),
            report: None,
            work: None,
            refused: None,
            offers: None,
            checking: None,
            generation: 0,
        }
    }

    /// Returns when what was asked is answered.
    pub(super) async fn changed(&mut self) {
        let Some(work) = &mut self.work else {
            return std::future::pending().await;
        };
        let done = work.await;
        self.work = None;
        let checking = self.checking.take();
        match done {
            Ok(Ok(Answer::Offers { offers })) => {
                self.refused = None;
                self.offers = checking.map(|(source, channel)| Offers {
                    source,
                    channel,
                    list: offers,
                    at: Instant::now(),
                });
            }
            Ok(Ok(_)) => self.refused = None,
            Ok(Err(error)) => self.refuse(error.to_string()),
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn refuse(&mut self, why: String) {
        warn!("the upgrader: {why}");
        let before = self
            .refused
            .take()
            .filter(|before| before.generation == self.generation);
        let pause = before.map_or(FIRST, |before| (before.pause * 2).min(LONGEST));
        self.refused = Some(Refused {
            why,
            generation: self.generation,
            until: Instant::now() + pause,
            pause,
            stick: self.stick.exists(),
        });
    }

    /// Asks how it stands.
    pub(super) async fn ask_status(&mut self) {
        let socket = self.socket.clone();
        let asked =
            spawn_blocking(move || Client::connect(socket)?.ask(&Request::Status, |_| ())).await;
        if let Ok(Ok(Answer::Status { report })) = asked {
            self.report = Some(*report);
        }
    }

    /// What it said last.
    pub(super) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Whether it is worth asking often.
    pub(super) fn is_busy(&self) -> bool {
        let doing = self.report.as_ref().map(|report| &report.doing);
        self.work.is_some()
            || self.refused.is_some()
            || matches!(
                doing,
                None | Some(Doing::Staging(_) | Doing::Trial { .. } | Doing::Restarting)
            )
    }

    /// What is known, seen from what is asked; none while the upgrader has never answered.
    pub(super) fn facts(&self, asked: &Asked<'_>) -> Option<Facts<'_>> {
        let refused = self
            .refused
            .as_ref()
            .filter(|refused| refused.generation == asked.generation);
        let offers = self.offers.as_ref().filter(|offers| {
            Some(&offers.channel) == asked.spec.channel.as_ref()
                && Some(offers.source.as_str()) == asked.spec.source.address()
        });
        Some(Facts {
            report: self.report.as_ref()?,
            working: self.work.is_some(),
            refused: refused.map(|refused| refused.why.as_str()),
            held_off: refused.is_some_and(|refused| self.holds_off(refused, asked)),
            offers: offers.map(|offers| offers.list.as_slice()),
            offers_are_stale: offers.is_none_or(|offers| offers.at.elapsed() > STALE),
        })
    }

    /// Whether it is too early to ask again. Whoever plugs the stick in again is not kept waiting.
    fn holds_off(&self, refused: &Refused, asked: &Asked<'_>) -> bool {
        let of_a_stick = asked.spec.source.address() == Some(paths::STICK_RELEASES);
        let changed = of_a_stick && self.stick.exists() != refused.stick;
        Instant::now() < refused.until && !changed
    }

    /// Begins a step.
    pub(super) fn take(&mut self, step: Step, generation: i64) {
        let request = match step {
            Step::Nothing => return,
            Step::Check { source, channel } => {
                self.checking = Some((source.clone(), channel));
                Request::Check { source }
            }
            Step::Stage(request) => {
                info!("asked to stage a release of {}", request.source);
                Request::Stage(request)
            }
            Step::Activate { deadline_s, checks } => {
                info!("asked to restart into the staged release");
                Request::Activate { deadline_s, checks }
            }
        };
        self.generation = generation;
        let socket = self.socket.clone();
        self.work = Some(spawn_blocking(move || {
            Client::connect(socket)?.ask(&request, |_| ())
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::Agent;
    use crate::Paths;
    use crate::keeper::upgrade::state::Asked;
    use init_api::paths;
    use serde_json::{Value, json};

    #[test]
    fn a_stick_that_is_plugged_in_again_is_asked_at_once() {
        let folder = tempfile::tempdir().expect("folder");
        let paths = Paths::below(folder.path());
        let stick = paths.at(paths::STICK_RELEASES);
        let report: Value = json!({
            "running": { "version": "0.1.0", "slot": "a", "root_hash": "00", "entry": "holdfast_0.1.0.efi" },
            "trial": null, "doing": "nothing", "record": { "staged": null, "failed": [] },
        });
        for (source, there, then, held_off) in [
            (json!({ "usb": {} }), false, false, true),
            (json!({ "usb": {} }), false, true, false),
            // Pulled out: that is told at once.
            (json!({ "usb": {} }), true, false, false),
            (json!({ "url": "https://r.example" }), false, true, true),
        ] {
            let set = |there: bool| match there {
                true => std::fs::create_dir_all(&stick).expect("folder"),
                false => host::folder::remove(&stick).expect("removed"),
            };
            let spec = json!({
                "upgrade": "stores", "source": source, "version": "0.2.0", "want": "Run", "deadline": "15m",
            });
            let spec = serde_json::from_value(spec).expect("a specification");
            let mut agent = Agent::new(&paths);
            agent.report = serde_json::from_value(report.clone()).expect("a report");
            set(there);
            agent.refuse("no".to_owned());
            set(then);
            let asked = Asked {
                spec: &spec,
                generation: 0,
                before: &Default::default(),
            };
            let facts = agent.facts(&asked).expect("facts");
            assert_eq!(facts.held_off, held_off, "{source}, {there} and {then}");
        }
    }
}
