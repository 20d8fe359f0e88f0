//! An upgrader that does everything at once, behind the socket of a real one.

use init_api::{HealthCheck, SlotRelease, WorkloadKind};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use upgrade_api::{Answer, Doing, Record, Report, Request, StagedRelease, Wanted};

/// The engine's own is 1.37.
const NEXT_KUBERNETES: &str = "1.38.0";

/// Says that it has done what it was asked for.
pub(crate) struct Upgrader(Arc<Mutex<(Report, usize)>>);

impl Upgrader {
    pub(crate) fn at(socket: &Path) -> Self {
        fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
        let listener = UnixListener::bind(socket).expect("a socket");
        let report = Report {
            running: slot("0.1.0"),
            trial: None,
            doing: Doing::Nothing,
            record: Record::default(),
        };
        let state = Arc::new(Mutex::new((report, 0)));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&shared, stream.expect("a connection"));
            }
        });
        Self(state)
    }

    pub(crate) fn activations(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    pub(crate) fn running(&self) -> String {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.running.version.clone()
    }
}

fn slot(version: &str) -> SlotRelease {
    let text = format!(
        r#"{{"version":"{version}","slot":"b","root_hash":"00","entry":"holdfast_{version}.efi"}}"#
    );
    serde_json::from_str(&text).expect("a release")
}

fn answer(shared: &Mutex<(Report, usize)>, mut stream: UnixStream) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
    reader.read_line(&mut line).expect("a request");
    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let (report, activations) = &mut *state;
    let answer = match serde_json::from_str(&line).expect("a request") {
        Request::Stage(request) => {
            let Wanted::Version(version) = request.wanted else {
                panic!("{request:?}")
            };
            let mut release = slot(&version);
            release.kubernetes = Some(NEXT_KUBERNETES.into());
            let staged = StagedRelease {
                release,
                uki_sha256: "00".into(),
                root_size: 1,
                brought: None,
            };
            report.record.staged = Some(staged.clone());
            Answer::Staged { staged }
        }
        Request::Activate { deadline_s, checks } => {
            let expected = [
                HealthCheck::Http {
                    url: "http://127.0.0.1:8080/healthz".into(),
                },
                HealthCheck::Workload {
                    kind: WorkloadKind::Deployment,
                    namespace: "default".into(),
                    name: "tills".into(),
                },
            ];
            assert_eq!(checks, expected);
            assert_eq!(deadline_s, 900);
            *activations += 1;
            let staged = report.record.staged.take().expect("something is staged");
            report.running = staged.release;
            Answer::Restarting {
                version: report.running.version.clone(),
            }
        }
        Request::Status => Answer::Status {
            report: Box::new(report.clone()),
        },
        other => panic!("{other:?}"),
    };
    let mut text = serde_json::to_vec(&answer).expect("an answer");
    text.push(b'\n');
    // Who asked may have gone.
    let _ = stream.write_all(&text);
}
