//! A state partition that takes no writes any more, over the whole loop.

use super::Stand;
use super::stand::{on, state_of};
use init_api::{Asker, BootNote, Down, Millis, ServiceState, paths};

const CLOSED: &str =
    "30 1 254:5 / /state rw,noatime - ext4 /dev/vda5 ro,errors=remount-ro,commit=30\n";

#[test]
fn the_machine_says_so_and_restarts_so_that_it_is_mended() {
    on(
        Stand::new,
        |person| {
            person.wait_for("app runs", |status| {
                state_of(status, "app") == Some(ServiceState::Ready)
            });
            let mounts = person.at("/proc/self/mountinfo");
            std::fs::create_dir_all(mounts.parent().expect("a folder")).expect("made");
            std::fs::write(mounts, CLOSED).expect("written");
            person.let_pass(Millis::seconds(60));
            let status = person.wait_for("it is said", |status| {
                let said = |note: &String| note.contains("the machine restarts in 9 min");
                status.notes.iter().any(said)
            });
            assert_eq!(state_of(&status, "app"), Some(ServiceState::Ready));
            person.let_pass(Millis::seconds(600));
            let _ = person.ask().status();
        },
        |departure, root| {
            assert_eq!(departure.end, Down::Reboot);
            let note: BootNote = init_api::load(root.path(paths::BOOT_NOTE)).expect("a note");
            let end = note.end.expect("it ended in order");
            assert_eq!(end.asked.by, Asker::Trouble);
        },
    );
}
