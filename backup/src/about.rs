//! What a backup is, and whether a machine can take it.

use init_api::Minor;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The form of backups that this release makes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 1;

/// The first file in a backup. A newer release may say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The form of what follows.
    pub format: u32,
    /// The release that made it.
    pub release: String,
    /// The version of Kubernetes that wrote the datastore, such as `v1.36.3`.
    pub kubernetes: String,
    /// The node's name in its cluster.
    pub node: String,
    /// When it was made, RFC 3339, by the node's clock.
    pub made: String,
    /// The files that follow, below `/var/lib/holdfast`, and `config.yaml`.
    pub files: Vec<String>,
}

/// What is on the machine that a backup shall be restored on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The release that runs.
    pub release: String,
    /// Its version of Kubernetes.
    pub kubernetes: String,
}

/// A backup that this machine cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its form is one of the future.
    #[error(
        "the backup was made by release {made_by} in a form that this release ({runs}) does not know: flash release {made_by} or a newer one and restore there"
    )]
    Format {
        /// Who made it.
        made_by: String,
        /// What runs.
        runs: String,
    },
    /// It was made by a newer release.
    #[error(
        "the backup was made by release {made_by}, and this machine runs the older {runs}: flash release {made_by} or a newer one and restore there"
    )]
    Release {
        /// Who made it.
        made_by: String,
        /// What runs.
        runs: String,
    },
    /// A newer Kubernetes wrote the datastore.
    #[error(
        "the backup's datastore was written by Kubernetes {wrote}, and this machine has the older {has}, which cannot read it: flash a release with Kubernetes {wrote} and restore there"
    )]
    Kubernetes {
        /// What wrote it.
        wrote: String,
        /// What is here.
        has: String,
    },
    /// A version is none.
    #[error("{0:?} is no version")]
    Version(String),
}

impl About {
    /// Whether the machine can take it.
    ///
    /// # Errors
    /// Why not.
    pub fn fits(&self, machine: &Machine) -> Result<(), Unfit> {
        let (made_by, runs) = (self.release.clone(), machine.release.clone());
        if self.format > FORMAT {
            return Err(Unfit::Format { made_by, runs });
        }
        let wrote = minor(&self.kubernetes)?;
        let has = minor(&machine.kubernetes)?;
        if wrote > has {
            let (wrote, has) = (wrote.to_string(), has.to_string());
            return Err(Unfit::Kubernetes { wrote, has });
        }
        if version(&made_by)? > version(&runs)? {
            return Err(Unfit::Release { made_by, runs });
        }
        Ok(())
    }
}

fn minor(text: &str) -> Result<Minor, Unfit> {
    text.parse().map_err(|_| Unfit::Version(text.to_owned()))
}

fn version(text: &str) -> Result<Version, Unfit> {
    Version::parse(text).map_err(|_| Unfit::Version(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{About, FORMAT, Machine};

    #[test]
    fn only_what_this_machine_can_read_is_taken() {
        let machine = Machine {
            release: "0.2.0".into(),
            kubernetes: "v1.37.1".into(),
        };
        for (format, release, kubernetes, refusal) in [
            (FORMAT, "0.2.0", "v1.37.1", ""),
            (FORMAT, "0.1.9", "v1.36.5", ""),
            (FORMAT, "0.2.0", "v1.37.9", ""),
            (FORMAT, "0.10.0", "v1.37.1", "made by release 0.10.0"),
            (FORMAT, "0.2.0", "v1.38.0", "written by Kubernetes 1.38"),
            (FORMAT + 1, "0.3.0", "?", "a form that this release (0.2.0)"),
            (FORMAT, "x", "v1.37.1", "\"x\" is no version"),
        ] {
            let about = About {
                format,
                release: release.into(),
                kubernetes: kubernetes.into(),
                node: "edge".into(),
                made: String::new(),
                files: Vec::new(),
            };
            let said = about.fits(&machine).err();
            let said = said.map_or(String::new(), |unfit| unfit.to_string());
            assert!(
                said.contains(refusal) && said.is_empty() == refusal.is_empty(),
                "{said}"
            );
        }
    }
}
