//! A rotation's step becomes the cluster's: what is on the disk is compared with what Kubernetes was started with.

use super::backoff::Backoff;
use super::context::{Keeper, prepared_address};
use super::folder::{self, Folder};
use super::restart::restart;
use crate::pki::certificate_source;
use crate::prepare::{record_authorities, write_files};
use crate::rotation::is_in_use;
use crate::services::{CONTROL_PLANE, KUBELET};
use crate::{Paths, Settings};
use std::error::Error;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;
use tracing::info;

const TOPIC: &str = "authorities";
/// The authorities are looked at again after this long, should nobody tell that they changed.
const AGAIN: Duration = Duration::from_secs(600);

/// Returns when Kubernetes was started anew for other authorities.
pub(super) async fn take_over(keeper: &Keeper) {
    let mut exchanged = Folder::watch_file(&keeper.paths.pki()).ok();
    let mut backoff = Backoff::new();
    loop {
        let pause = match take_over_if_exchanged(&keeper.settings, &keeper.paths) {
            Ok(true) => return keeper.report.problems(TOPIC, Vec::new()),
            Ok(false) => AGAIN,
            Err(error) => {
                let problem = format!("the cluster's authorities cannot be taken over: {error}");
                keeper.report.problems(TOPIC, vec![problem]);
                backoff.pause()
            }
        };
        tokio::select! {
            () = folder::changed(&mut exchanged) => {}
            () = sleep(pause) => {}
        }
    }
}

/// Writes everything for the authorities that there are, and starts Kubernetes with it, if it runs with others. They are noted
/// last: until Kubernetes is being started for them, the next look tries again.
fn take_over_if_exchanged(settings: &Settings, paths: &Paths) -> Result<bool, Box<dyn Error>> {
    let now = SystemTime::now();
    let source = certificate_source(settings.role, paths, now)?;
    if is_in_use(paths, source.trust()) {
        return Ok(false);
    }
    info!("the cluster's authorities changed: {CONTROL_PLANE} and {KUBELET} start anew");
    let address = prepared_address(paths)?;
    write_files(settings, paths, source.as_ref(), address, now)?;
    restart(paths, &[CONTROL_PLANE, KUBELET])?;
    record_authorities(paths, source.as_ref())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::take_over_if_exchanged;
    use crate::address::Patience;
    use crate::keeper::restart::fake_init;
    use crate::pki::{Facts, Record, Step, rotate};
    use crate::{Paths, Rotation, Settings, prepare};
    use std::fs;
    use std::time::SystemTime;

    #[test]
    fn kubernetes_starts_anew_once_for_each_step() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.node.address = Some("127.0.0.1".parse().expect("address"));
        prepare(&settings, &paths, Patience::default()).expect("prepared");
        let trusted = || {
            let text = fs::read_to_string(paths.trust("ca.crt")).expect("read");
            text.matches("BEGIN").count()
        };
        let leaf = || fs::read_to_string(paths.leaf("apiserver")).expect("read");
        let in_use = || {
            let rotation = Rotation::read(&paths, SystemTime::now()).expect("readable");
            rotation.facts.in_use
        };
        assert!(!take_over_if_exchanged(&settings, &paths).expect("looked"));
        assert_eq!((trusted(), in_use()), (1, true));
        let insist = Facts {
            in_use: true,
            insist: true,
            ..Facts::default()
        };
        for (step, number) in [(Step::Begin, 2), (Step::Switch, 2), (Step::Finish, 1)] {
            let (now, before) = (SystemTime::now(), leaf());
            rotate(&paths.pki(), step, &insist, &Record::default(), now).expect("taken");
            assert!(!in_use(), "{step:?}");
            let _ = fs::remove_file(paths.at(init_api::paths::SOCKET));
            take_over_if_exchanged(&settings, &paths).expect_err("nobody listens");
            assert!(!in_use(), "{step:?}");
            let asked = fake_init::serve_once(&paths);
            assert!(take_over_if_exchanged(&settings, &paths).expect("heard"));
            let names: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
            let both = names.len() == 2 && names[0].contains("control-plane");
            assert!(both && names[1].contains("kubelet"), "{step:?}: {names:?}");
            assert_eq!((trusted(), in_use()), (number, true), "{step:?}");
            assert!(leaf() != before, "{step:?}");
            assert!(!take_over_if_exchanged(&settings, &paths).expect("looked"));
        }
    }
}
