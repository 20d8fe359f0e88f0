//! A rotation of the authorities on this node: how far it is, what stands in its way, and the next step.

use crate::Paths;
use crate::emulation::is_on_trial;
use crate::keeper::tokens;
use crate::pki::{
    Authorities, Facts, PkiError, Record, RotateError, Stage, Step, Trust, rotate, rotation,
};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::time::SystemTime;

/// Another at each boot.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Which stage.
    pub stage: Stage,
    /// When the stage was reached; 1970 if nothing was noted.
    pub since: SystemTime,
    /// What the next step depends on.
    pub facts: Facts,
}

impl Rotation {
    /// Reads how far it is from the authorities, from Kubernetes and from pods' tokens.
    ///
    /// # Errors
    /// The authorities cannot be read.
    pub fn read(paths: &Paths, now: SystemTime) -> Result<Self, PkiError> {
        let authorities = Authorities::load(&paths.pki(), now)?;
        let (stage, record) = rotation(&paths.pki());
        let old_tokens = authorities
            .previous_tokens()
            .map_or(0, |key| tokens::signed_by(paths, &key).len());
        Ok(Self {
            stage,
            since: record.reached(),
            facts: Facts {
                on_trial: is_on_trial(paths),
                in_use: is_in_use(paths, authorities.trust()),
                old_tokens,
                same_boot: record.boot == boot(paths),
                insist: false,
            },
        })
    }

    /// Takes a step, one caller after the other; `insist` does not mind who knows only the old authorities.
    ///
    /// # Errors
    /// The step is refused, or the authorities cannot be read, made or written; they are as they were then.
    pub fn take(
        paths: &Paths,
        step: Step,
        insist: bool,
        now: SystemTime,
    ) -> Result<Stage, RotateError> {
        // Let go when it is closed. Without it two that are at it at once could begin two rotations, of which one stays.
        let lock = File::open(paths.cluster()).ok();
        let _held = lock
            .as_ref()
            .map(|lock| flock(lock, FlockOperation::LockExclusive));
        let facts = Facts {
            insist,
            ..Self::read(paths, now)?.facts
        };
        let record = Record::of(now, &boot(paths));
        rotate(&paths.pki(), step, &facts, &record, now)
    }
}

/// Whether Kubernetes was started with these authorities.
pub(crate) fn is_in_use(paths: &Paths, trust: &Trust) -> bool {
    let noted = fs::read_to_string(paths.authorities_in_use()).unwrap_or_default();
    noted.trim() == trust.fingerprint()
}

fn boot(paths: &Paths) -> String {
    let id = fs::read_to_string(paths.at(BOOT)).unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{BOOT, Rotation};
    use crate::address::Patience;
    use crate::keeper::tokens::samples;
    use crate::pki::{Refusal, RotateError, Stage, Step};
    use crate::{Paths, Settings, prepare};
    use std::fs;
    use std::time::SystemTime;

    fn boots(paths: &Paths, settings: &Settings, id: &str) {
        let file = paths.at(BOOT);
        fs::create_dir_all(file.parent().expect("folder")).expect("folder");
        fs::write(file, id).expect("written");
        prepare(settings, paths, Patience::default()).expect("prepared");
    }

    #[test]
    fn a_step_needs_the_one_before_to_be_in_force_and_nobody_to_be_left_behind() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.node.address = Some("127.0.0.1".parse().expect("address"));
        boots(&paths, &settings, "one");
        let old = crate::pki::Authorities::load(&paths.pki(), SystemTime::now()).expect("there");
        let take = |step, insist| Rotation::take(&paths, step, insist, SystemTime::now());
        let refused = |step, insist| match take(step, insist) {
            Err(RotateError::Refused(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(Step::Switch, true), Refusal::NotBegun);
        assert_eq!(take(Step::Begin, false).expect("begun"), Stage::Announced);
        assert_eq!(refused(Step::Switch, true), Refusal::NotInUse);
        boots(&paths, &settings, "one");
        assert_eq!(take(Step::Switch, false).expect("known"), Stage::Switched);
        boots(&paths, &settings, "one");
        samples::write_signed(&paths, "old", &old.tokens_id());
        samples::write_signed(&paths, "another", "x");
        assert_eq!(refused(Step::Finish, false), Refusal::OldTokens(1));
        samples::write_signed(&paths, "old", "y");
        assert_eq!(refused(Step::Finish, false), Refusal::SameBoot);
        boots(&paths, &settings, "two");
        assert_eq!(take(Step::Finish, false).expect("no users"), Stage::Settled);
        let (_, noted) = crate::pki::rotation(&paths.pki());
        assert_eq!(noted, crate::pki::Record::default(), "nothing is left");
    }

    #[test]
    fn who_insists_does_not_wait_for_pods() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.node.address = Some("127.0.0.1".parse().expect("address"));
        for step in [Step::Begin, Step::Switch, Step::Finish] {
            boots(&paths, &settings, "one");
            Rotation::take(&paths, step, true, SystemTime::now()).expect("taken");
        }
    }
}
