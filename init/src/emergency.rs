//! When nothing can go on: say why, then start anew.

use crate::report::Log;
use init_api::Problem;
use rustix::system::{RebootCommand, reboot};
use std::thread;
use std::time::Duration;

/// Long enough to read, short enough for a machine that nobody watches.
const READING_TIME: Duration = Duration::from_secs(30);

/// Shows the problem on the consoles and reboots, so that the boot loader counts this boot as failed and may choose the
/// other slot.
pub(crate) fn reboot_because_of(log: &Log, problem: &Problem) -> ! {
    log.error(&format!(
        "{}\n{}\n{}",
        problem.title, problem.text, problem.cure
    ));
    log.line(&format!("rebooting in {} s", READING_TIME.as_secs()));
    thread::sleep(READING_TIME);
    loop {
        rustix::fs::sync();
        let _ = reboot(RebootCommand::Restart);
        // The kernel refuses only while another reboot is under way.
        thread::sleep(Duration::from_secs(1));
    }
}

/// If PID 1 dies the kernel panics and, told so on its command line, reboots. Before that, the reason goes to the log.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|about| {
        Log::open(std::path::Path::new("/dev"), std::path::Path::new("/sys"))
            .error(&format!("init failed: {about}"));
    }));
}
