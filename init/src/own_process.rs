//! For tests that need a process for themselves: they reap every child of it, or take its signals.

use nix::sys::signal::SigSet;
use std::env;
use std::process::Command;
use std::thread;

/// Says to the process that it is the one for the test.
const INSIDE: &str = "HOLDFAST_TEST_ALONE";

/// Runs the calling test in a process of its own, all of whose threads block signals, as PID 1 does.
pub(crate) fn in_own_process(test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return test();
    }
    // A new process inherits the mask of the thread that starts it.
    SigSet::all().thread_block().expect("blocked");
    let name = thread::current().name().expect("a test's name").to_owned();
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", &name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{name}:\n{said}"
    );
}
