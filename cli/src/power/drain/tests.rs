use super::kubectl::Kubectl;
use super::{Drained, drain_by};
use anyhow::bail;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A signal is for all of this process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A kubectl that writes down what it is asked, in a folder of its own.
struct Fake(TempDir);

impl Fake {
    /// `drain` is what it does to drain, `cordoned` what it says of the node before.
    fn new(drain: &str, cordoned: &str) -> Fake {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log");
        let script = format!(
            "shift\nlog={}\necho \"$1 $2 $3 $4\" >> $log\ncase $1 in\nget) echo {cordoned} ;;\ndrain) {drain} ;;\nesac\n",
            log.display()
        );
        fs::write(folder.path().join("kubectl"), script).unwrap();
        Fake(folder)
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn drain(&self) -> anyhow::Result<Drained> {
        let script = self.0.path().join("kubectl");
        let script = script.to_str().unwrap();
        drain_by(
            Kubectl::starting_with(&["/bin/sh", script, "--admin"])?,
            "n",
        )
    }

    /// What it was asked after the drain.
    fn asked_since(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap();
        let lines = log.lines().map(|line| line.trim_end().to_owned());
        lines
            .skip_while(|line| !line.starts_with("drain"))
            .skip(1)
            .collect()
    }
}

const TAKEN_BACK: [&str; 2] = [
    "uncordon n",
    "annotate node n holdfast.dev/drained-in-boot-",
];
const NOTHING: [&str; 0] = [];

#[test]
fn who_gives_up_leaves_a_node_that_takes_pods() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // It does not end by itself when it is told to.
    let fake = Fake::new("trap '' TERM; sleep 100; echo on >> $log", "");
    let log = fake.log();
    let person = thread::spawn(move || {
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("drain n")) {
            thread::sleep(Duration::from_millis(20));
        }
        signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
    });
    let began = Instant::now();
    let error = fake.drain().err().expect("it was interrupted");
    person.join().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "kubectl was not ended"
    );
    assert!(format!("{error:#}").contains("interrupted"), "{error:#}");
    assert_eq!(fake.asked_since(), TAKEN_BACK);
}

#[test]
fn a_drain_that_fails_is_taken_back_unless_somebody_else_had_cordoned_the_node() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for (cordoned, expected) in [("", &TAKEN_BACK[..]), ("true", &NOTHING)] {
        let fake = Fake::new("exit 1", cordoned);
        assert!(fake.drain().is_err());
        assert_eq!(fake.asked_since(), expected, "cordoned: {cordoned:?}");
    }
}

#[test]
fn a_restart_that_is_refused_is_taken_back() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let fake = Fake::new("exit 0", "");
    let error = fake
        .drain()
        .unwrap()
        .then(|| bail!("no PID 1"))
        .unwrap_err();
    assert_eq!(error.to_string(), "no PID 1");
    assert_eq!(fake.asked_since(), TAKEN_BACK);
    let fake = Fake::new("exit 0", "");
    fake.drain().unwrap().then(|| Ok(())).unwrap();
    assert_eq!(fake.asked_since(), NOTHING, "it goes down");
}
