//! Authorities and the service account key: made once, whole or not at all, and exchanged only by [a rotation](super::Step).
//!
//! Flow: write every file into a folder beside `pki`, flush files and folder, rename the folder to `pki`, flush its parent.
//! Guarantee: `pki` is either absent or complete. A power cut before the rename leaves a folder that the next boot
//! throws away; nothing was signed with it yet.
//!
//! The generation that signs lies in `pki` itself, where every release looks for it. While there are two, the other one lies in a
//! folder in it, whose name says the [`Stage`].

use super::error::PkiError;
use super::generation::Generation;
use super::stage::Stage;
use super::trust::Trust;
use crate::datastore;
use crate::file;
use rcgen::{Issuer, KeyPair};
use std::path::Path;
use std::time::SystemTime;

/// The generation that will sign, while the old one still does.
const NEXT: &str = "next";
/// The generation that signed, while it is still trusted.
const PREVIOUS: &str = "previous";
/// What is noted about a rotation; see [`super::Record`].
pub(super) const RECORD: &str = "rotation.json";

/// The cluster's authorities and the keys that sign service account tokens.
pub struct Authorities {
    pub(super) issuing: Generation,
    pub(super) standing: Standing,
    trust: Trust,
}

/// What there is beside the generation that signs.
pub(super) enum Standing {
    Settled,
    Announced { next: Generation },
    Switched { previous: Generation, chain: Chain },
}

/// Certificates that lead from the new authorities to the old ones, PEM.
pub(super) struct Chain {
    pub(super) cluster: String,
    pub(super) front_proxy: String,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorities(..)")
    }
}

impl Authorities {
    /// Reads the authorities in `folder`; makes them, with the clock at `now`, if there are none and no cluster is beside
    /// them. A cluster's datastore is made after them, however often its first boot is cut short.
    ///
    /// # Errors
    /// They are gone although there is a cluster, or cannot be made, read or written.
    pub fn ensure(folder: &Path, now: SystemTime) -> Result<Self, PkiError> {
        if !folder.is_dir() {
            refuse_if_lost(folder)?;
            Self::of(Generation::first(now)?, Standing::Settled).store(folder, None)?;
        }
        Self::load(folder, now)
    }

    /// Reads the authorities in `folder`. Certificates that lead from new ones to old ones are made with the clock at `now`.
    ///
    /// # Errors
    /// They are not there, or damaged.
    pub fn load(folder: &Path, now: SystemTime) -> Result<Self, PkiError> {
        let issuing = Generation::load(folder)?;
        let standing = match stage_of(folder) {
            Stage::Settled => Standing::Settled,
            Stage::Announced => Standing::Announced {
                next: Generation::load(&folder.join(NEXT))?,
            },
            Stage::Switched => {
                let previous = Generation::load(&folder.join(PREVIOUS))?;
                let chain = Chain::of(&issuing, &previous, now)?;
                Standing::Switched { previous, chain }
            }
        };
        Ok(Self::of(issuing, standing))
    }

    fn of(issuing: Generation, standing: Standing) -> Self {
        let other = match &standing {
            Standing::Settled => None,
            Standing::Announced { next } => Some(next),
            Standing::Switched { previous, .. } => Some(previous),
        };
        let trust = Trust::of(&issuing, other);
        Self {
            trust,
            issuing,
            standing,
        }
    }

    /// How far a rotation is.
    pub fn stage(&self) -> Stage {
        match self.standing {
            Standing::Settled => Stage::Settled,
            Standing::Announced { .. } => Stage::Announced,
            Standing::Switched { .. } => Stage::Switched,
        }
    }

    /// Whom a kubeconfig that is made now believes, PEM. Once the new authorities sign it is those alone: whoever has the old
    /// ones' keys cannot pass for the cluster towards its owner.
    pub fn cluster_pem(&self) -> &str {
        match self.standing {
            Standing::Announced { .. } => &self.trust.cluster,
            Standing::Settled | Standing::Switched { .. } => &self.issuing.cluster.certificate,
        }
    }

    /// Whom the node's programs believe.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The key id of tokens that are signed now.
    pub fn tokens_id(&self) -> String {
        self.issuing.tokens_id()
    }

    /// The key id of tokens that the old key signed, while they are still good.
    pub fn previous_tokens(&self) -> Option<String> {
        match &self.standing {
            Standing::Switched { previous, .. } => Some(previous.tokens_id()),
            Standing::Settled | Standing::Announced { .. } => None,
        }
    }

    /// These, a stage further; nothing is on the disk yet.
    pub(super) fn at(self, stage: Stage, now: SystemTime) -> Result<Self, PkiError> {
        let (issuing, standing) = match (stage, self.issuing, self.standing) {
            (Stage::Announced, issuing, Standing::Settled) => {
                let next = Generation::another(now)?;
                (issuing, Standing::Announced { next })
            }
            (Stage::Switched, previous, Standing::Announced { next }) => {
                let chain = Chain::of(&next, &previous, now)?;
                (next, Standing::Switched { previous, chain })
            }
            (Stage::Settled, issuing, _) => (issuing, Standing::Settled),
            (_, issuing, standing) => (issuing, standing),
        };
        Ok(Self::of(issuing, standing))
    }

    /// Puts them in the place of what is in `folder`, as one; `record` is what is noted about the rotation.
    pub(super) fn store(&self, folder: &Path, record: Option<String>) -> Result<(), PkiError> {
        let mut files: Vec<_> = named("", &self.issuing).collect();
        match &self.standing {
            Standing::Settled => {}
            Standing::Announced { next } => files.extend(named(NEXT, next)),
            Standing::Switched { previous, .. } => files.extend(named(PREVIOUS, previous)),
        }
        files.extend(record.map(|record| (RECORD.to_owned(), record)));
        Ok(file::replace_folder(folder, &files)?)
    }

    /// The authority that signs leaves of a kind, and the certificate that goes behind them, if one does.
    pub(super) fn signer(&self, kind: super::Signer) -> (&Issuer<'static, KeyPair>, &str) {
        let chain = match &self.standing {
            Standing::Switched { chain, .. } => Some(chain),
            Standing::Settled | Standing::Announced { .. } => None,
        };
        match kind {
            super::Signer::Cluster => (
                &self.issuing.cluster.issuer,
                chain.map_or("", |chain| &chain.cluster),
            ),
            super::Signer::FrontProxy => (
                &self.issuing.front_proxy.issuer,
                chain.map_or("", |chain| &chain.front_proxy),
            ),
        }
    }
}

impl Chain {
    fn of(new: &Generation, old: &Generation, now: SystemTime) -> Result<Self, PkiError> {
        let failed = |source| PkiError::Make {
            name: "that leads from the new authority to the old one".into(),
            source,
        };
        Ok(Self {
            cluster: new
                .cluster
                .vouched_for_by(&old.cluster, now)
                .map_err(failed)?,
            front_proxy: new
                .front_proxy
                .vouched_for_by(&old.front_proxy, now)
                .map_err(failed)?,
        })
    }
}

/// How far a rotation of the authorities in `folder` is.
pub(super) fn stage_of(folder: &Path) -> Stage {
    if folder.join(PREVIOUS).is_dir() {
        Stage::Switched
    } else if folder.join(NEXT).is_dir() {
        Stage::Announced
    } else {
        Stage::Settled
    }
}

fn named<'a>(
    folder: &'a str,
    generation: &Generation,
) -> impl Iterator<Item = (String, String)> + use<'a> {
    let place = move |name: &str| match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    };
    let files = generation.files();
    files
        .into_iter()
        .map(move |(name, text)| (place(name), text))
}

fn refuse_if_lost(folder: &Path) -> Result<(), PkiError> {
    let cluster = folder.parent().unwrap_or(folder);
    match datastore::existing(cluster) {
        None => Ok(()),
        Some(database) => Err(PkiError::NoAuthorities {
            path: folder.into(),
            database,
            cluster: cluster.into(),
        }),
    }
}
