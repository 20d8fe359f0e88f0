//! The end of the emulation of an older minor release: when the release on trial is confirmed, its control plane becomes itself.

use super::backoff::Backoff;
use super::context::{Keeper, prepared_address};
use super::folder::{self, Folder};
use super::restart::restart;
use crate::emulation::is_on_trial;
use crate::pki::certificate_source;
use crate::prepare::write_files;
use crate::services::CONTROL_PLANE;
use crate::{Paths, Settings};
use init_api::paths;
use std::error::Error;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;
use tracing::info;

const TOPIC: &str = "emulation";
/// The record of the trial is looked at again after this long, should nobody tell that it is gone.
const AGAIN: Duration = Duration::from_secs(60);

/// Waits for the end of the trial, if the control plane emulates an older minor. Never returns.
pub(super) async fn follow(keeper: &Keeper) {
    let mut trial = Folder::watch_file(&keeper.paths.at(paths::TRIAL)).ok();
    let mut backoff = Backoff::new();
    let mut emulates = keeper.paths.emulated().exists();
    while emulates {
        let pause = match end_if_confirmed(&keeper.settings, &keeper.paths) {
            Ok(true) => {
                emulates = false;
                continue;
            }
            Ok(false) => AGAIN,
            Err(error) => {
                let problem = format!(
                    "this release is confirmed, but its Kubernetes still behaves as the one before: {error}"
                );
                keeper.report.problems(TOPIC, vec![problem]);
                backoff.pause()
            }
        };
        tokio::select! {
            () = folder::changed(&mut trial) => {}
            () = sleep(pause) => {}
        }
    }
    keeper.report.problems(TOPIC, Vec::new());
    std::future::pending().await
}

/// Writes the files anew without it, and starts the control plane with them; tells whether it was time.
fn end_if_confirmed(settings: &Settings, paths: &Paths) -> Result<bool, Box<dyn Error>> {
    if is_on_trial(paths) {
        return Ok(false);
    }
    info!("this release is confirmed: {CONTROL_PLANE} starts anew and is itself");
    let now = SystemTime::now();
    let source = certificate_source(settings.role, paths, now)?;
    let address = prepared_address(paths)?;
    write_files(settings, paths, source.as_ref(), address, now)?;
    restart(paths, &[CONTROL_PLANE])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::end_if_confirmed;
    use crate::address::Patience;
    use crate::keeper::restart::fake_init;
    use crate::{Paths, Settings, prepare};
    use init_api::paths;
    use std::fs;

    fn write(paths: &Paths, path: &str, text: &str) {
        let path = paths.at(path);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn the_control_plane_becomes_itself_when_the_release_is_confirmed() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.2.0");
        settings.node.address = Some("127.0.0.1".parse().expect("address"));
        let plan = || fs::read_to_string(paths.engine_plan()).expect("a plan");
        let image = r#"{"version":"0.2.0","build_time":1,"kubernetes":"1.37.2"}"#;
        write(&paths, paths::RELEASE, image);
        let boot = r#"{"slot":"b","root_hash":"new","disk":"/dev/x","partitions":{},"state":"clean","phases":[]}"#;
        write(&paths, paths::BOOT, boot);
        let release =
            r#"{"version":"0.2.0","slot":"b","root_hash":"new","entry":"holdfast_0.2.0.efi"}"#;
        let trial =
            format!(r#"{{"release":{release},"tries":3,"deadline_s":600,"good":{release}}}"#);
        write(&paths, paths::TRIAL, &trial);
        fs::create_dir_all(paths.cluster()).expect("folder");
        fs::write(paths.datastore_minor(), "1.36\n").expect("noted before");

        prepare(&settings, &paths, Patience::default()).expect("prepared");
        let emulation = "--emulated-version=kube=1.36";
        assert_eq!(plan().matches(emulation).count(), 3, "{}", plan());
        assert!(paths.emulated().exists());
        assert!(!end_if_confirmed(&settings, &paths).expect("on trial"));

        fs::remove_file(paths.at(paths::TRIAL)).expect("confirmed");
        end_if_confirmed(&settings, &paths).expect_err("nobody restarts it");
        let asked = fake_init::serve_once(&paths);
        assert!(end_if_confirmed(&settings, &paths).expect("restarted"));
        let asked: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
        assert!(
            asked.len() == 1 && asked[0].contains("control-plane"),
            "{asked:?}"
        );
        assert!(!plan().contains("emulated-version"), "{}", plan());
        assert!(!paths.emulated().exists());
        let noted = fs::read_to_string(paths.datastore_minor()).expect("noted");
        assert_eq!(noted, "1.37\n");
    }
}
