//! Which minor release of Kubernetes the control plane behaves as.
//!
//! While a release of the system with a newer Kubernetes is on trial, its control plane emulates the one that wrote the datastore
//! last: it serves and stores only what that one can read, so that the node can go back with all that was written meanwhile. When
//! the release is confirmed the emulation ends.
//!
//! Guarantee: what is noted as the datastore's minor is never newer than what an unconfirmed release may have written.

use crate::Paths;
use crate::file::{self, FileError, PlannedFile};
use init_api::{BootRecord, Minor, PendingTrial, Release, paths};
use std::fs;
use tracing::{info, warn};

/// What decides, as this machine's files say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    /// Of the engine in this image; none if the image does not say.
    own: Option<Minor>,
    /// Of the one that wrote the datastore last and was no trial; none before that was noted.
    kept: Option<Minor>,
    /// This release is on trial.
    on_trial: bool,
}

impl Versions {
    pub(crate) fn read(paths: &Paths) -> Self {
        let own = match init_api::load::<Release>(paths.at(paths::RELEASE)) {
            Ok(release) => release.kubernetes.as_deref().and_then(understood),
            Err(_) => None,
        };
        let kept = fs::read_to_string(paths.datastore_minor()).ok();
        Self {
            own,
            kept: kept.as_deref().and_then(understood),
            on_trial: is_on_trial(paths),
        }
    }

    /// The minor that the control plane has to emulate; none if it is itself.
    pub(crate) fn emulated(self) -> Option<Minor> {
        let older = |kept: &Minor| self.on_trial && self.own.is_some_and(|own| *kept < own);
        self.kept.filter(older).inspect(|minor| {
            info!(
                "this release is on trial: the control plane behaves as Kubernetes {minor}, so that the release before can read what is written"
            );
        })
    }

    /// What is noted from now on, if anything is.
    fn to_keep(self) -> Option<Minor> {
        self.own.filter(|_| !self.on_trial || self.kept.is_none())
    }

    /// Notes which minor writes the datastore. To be called before that is started.
    ///
    /// # Errors
    /// The state partition does not take it.
    pub(crate) fn note(self, paths: &Paths) -> Result<(), FileError> {
        let Some(minor) = self.to_keep() else {
            return Ok(());
        };
        let line = format!("{minor}\n");
        file::write_lasting_if_changed(&PlannedFile::new(paths.datastore_minor(), 0o600, line))
    }
}

fn understood(text: &str) -> Option<Minor> {
    text.parse()
        .inspect_err(|error| warn!("the minor release of Kubernetes is not known: {error}"))
        .ok()
}

/// Whether the release that runs is on trial, and not confirmed yet: the record of a trial is removed when it is.
pub(crate) fn is_on_trial(paths: &Paths) -> bool {
    let pending = init_api::load_if_present::<PendingTrial>(paths.at(paths::TRIAL));
    let boot = init_api::load::<BootRecord>(paths.at(paths::BOOT));
    match (pending, boot) {
        (Ok(Some(pending)), Ok(boot)) => pending.release.root_hash == boot.root_hash,
        // A record that cannot be read belongs to a trial that cannot be confirmed.
        (Err(_), Ok(boot)) => boot.trial.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Versions;
    use crate::Paths;
    use init_api::paths;
    use std::fs;

    #[test]
    fn only_a_trial_over_a_minor_emulates_and_only_a_confirmed_release_is_noted() {
        for (case, own, kept, on_trial, emulates, notes) in [
            ("a new cluster", "1.36", "", false, "", "1.36"),
            ("an ordinary boot", "1.36", "1.36", false, "", "1.36"),
            ("a trial within the minor", "1.36", "1.36", true, "", ""),
            ("a trial over a minor", "1.37", "1.36", true, "1.36", ""),
            ("confirmed", "1.37", "1.36", false, "", "1.37"),
            ("back again", "1.36", "1.36", false, "", "1.36"),
            (
                "a way back over a minor, on trial",
                "1.36",
                "1.37",
                true,
                "",
                "",
            ),
            (
                "a way back over a minor, confirmed",
                "1.36",
                "1.37",
                false,
                "",
                "1.36",
            ),
            (
                "a trial of a cluster that never said",
                "1.37",
                "",
                true,
                "",
                "1.37",
            ),
            ("an image that does not say", "", "1.36", true, "", ""),
        ] {
            let versions = Versions {
                own: own.parse().ok(),
                kept: kept.parse().ok(),
                on_trial,
            };
            let text =
                |minor: Option<init_api::Minor>| minor.map_or(String::new(), |m| m.to_string());
            assert_eq!(text(versions.emulated()), emulates, "{case}");
            assert_eq!(text(versions.to_keep()), notes, "{case}");
        }
    }

    fn write(paths: &Paths, path: &str, text: &str) {
        let path = paths.at(path);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(path, text).expect("written");
    }

    fn trial_of(root_hash: &str) -> String {
        let release = |hash: &str| {
            format!(r#"{{"version":"2","slot":"b","root_hash":"{hash}","entry":"holdfast_2.efi"}}"#)
        };
        format!(
            r#"{{"release":{},"tries":3,"deadline_s":600,"good":{}}}"#,
            release(root_hash),
            release("old")
        )
    }

    #[test]
    fn what_lies_on_a_node_is_read() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let noted = || fs::read_to_string(paths.datastore_minor()).unwrap_or_default();
        let release = |kubernetes: &str| {
            let text = format!(r#"{{"version":"2","build_time":1,"kubernetes":"{kubernetes}"}}"#);
            write(&paths, paths::RELEASE, &text);
        };
        assert_eq!(Versions::read(&paths).emulated(), None, "nothing is known");
        fs::create_dir_all(paths.cluster()).expect("folder");
        release("v1.36.3");
        Versions::read(&paths).note(&paths).expect("noted");
        assert_eq!(noted(), "1.36\n");

        release("v1.37.2");
        let boot = r#"{"slot":"b","root_hash":"new","disk":"/dev/x","partitions":{},"state":"clean","phases":[]}"#;
        write(&paths, paths::BOOT, boot);
        write(&paths, paths::TRIAL, &trial_of("new"));
        let minor = Versions::read(&paths)
            .emulated()
            .map(|minor| minor.to_string());
        assert_eq!(minor.as_deref(), Some("1.36"));
        Versions::read(&paths)
            .note(&paths)
            .expect("nothing to note");
        assert_eq!(noted(), "1.36\n", "it is not confirmed");

        write(&paths, paths::TRIAL, &trial_of("another"));
        assert_eq!(
            Versions::read(&paths).emulated(),
            None,
            "the other slot is on trial"
        );
        fs::remove_file(paths.at(paths::TRIAL)).expect("confirmed");
        assert_eq!(Versions::read(&paths).emulated(), None);
        Versions::read(&paths).note(&paths).expect("noted");
        assert_eq!(noted(), "1.37\n");
    }
}
