use super::super::context::Keeper;
use super::super::report::Report;
use super::{Growth, Offenders};
use crate::{Paths, Settings};
use init_api::{Millis, NodeState};
use std::fs;

/// A keeper that starts under an attack may wait for the API as long as that lasts.
#[tokio::test]
async fn offenders_are_named_before_the_api_is_ready_and_told_later() {
    let root = tempfile::tempdir().expect("folder");
    let paths = Paths::below(root.path());
    let group = paths.at("/sys/fs/cgroup/kubepods/besteffort/pod12-3");
    for folder in [&group, &paths.at("/var/log/pods/default_eater_12-3/shell")] {
        fs::create_dir_all(folder).expect("folder");
    }
    let keeper = Keeper {
        report: Report::new("edge", &paths),
        settings: Settings::named("edge", "0.1.0"),
        paths,
    };
    let offenders = Offenders::of(&keeper);
    let mut growth = Growth::default();
    for (seconds, killed) in [(10, 0), (20, 1), (30, 2)] {
        let events = format!("oom_kill {killed}\n");
        fs::write(group.join("memory.events"), events).expect("written");
        let at = Millis::seconds(seconds);
        offenders.count_once(at, &mut growth).await;
    }
    let shown: NodeState =
        init_api::load(keeper.paths.at(init_api::paths::NODE)).expect("node.json");
    let line = &shown.offenders[0];
    assert!(
        line.starts_with("default/eater wants more memory"),
        "{line}"
    );
    assert_eq!(offenders.untold.take().len(), 1, "one event for all of it");
}
