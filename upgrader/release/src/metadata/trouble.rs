//! What `tough` found wrong, in words for an operator.

use super::passed::Seen;
use crate::error::Error;
use serde::Deserialize;
use tough::error::Error as Tough;
use tough::schema::{Error as Schema, RoleType, Root, Signature, Signed};

pub(super) fn of(error: Tough, seen: &Seen, first_root: &[u8]) -> Error {
    let what = seen
        .last
        .as_ref()
        .map_or("metadata".to_owned(), |(name, _)| name.clone());
    let mixed = |why: String| Error::MixedUp {
        what: what.clone(),
        why,
    };
    match error {
        Tough::VerifyMetadata { role, source, .. } => {
            unsigned(role, what, &source, seen, first_root)
        }
        Tough::VerifyTrustedMetadata { source, .. } => Error::FirstRoot(source.to_string()),
        Tough::ParseTrustedMetadata { source, .. } => Error::FirstRoot(source.to_string()),
        Tough::ParseMetadata { source, .. } => Error::Unreadable {
            what,
            why: source.to_string(),
        },
        Tough::VersionMismatch {
            fetched, expected, ..
        } => mixed(format!("version {fetched} instead of {expected}")),
        Tough::OlderMetadata {
            current_version,
            new_version,
            ..
        } => mixed(format!("version {new_version} after {current_version}")),
        Tough::Transport { source, .. } => match inner(&source) {
            Some(Tough::HashMismatch { .. }) => mixed("another digest".to_owned()),
            Some(Tough::MaxSizeExceeded { max_size, .. }) => {
                mixed(format!("more than the {max_size} bytes that are signed"))
            }
            _ => Error::Repository(source.to_string()),
        },
        other => Error::Repository(other.to_string()),
    }
}

fn inner(error: &dyn std::error::Error) -> Option<&Tough> {
    error.source().and_then(|source| source.downcast_ref())
}

/// Why signatures were not enough: `tough` only counts the good ones.
fn unsigned(
    role: RoleType,
    what: String,
    source: &Schema,
    seen: &Seen,
    first_root: &[u8],
) -> Error {
    #[derive(Deserialize)]
    struct Signatures {
        signatures: Vec<Signature>,
    }
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Signed<Root>>(bytes).ok();
    // A new root must be signed by the keys of the one before it.
    let before = seen
        .roots
        .iter()
        .rev()
        .nth(usize::from(role == RoleType::Root));
    let root = parsed(before.map_or(first_root, |(_, bytes)| bytes));
    let keys = root.as_ref().and_then(|root| root.signed.roles.get(&role));
    let file = seen
        .last
        .as_ref()
        .map(|(_, bytes)| serde_json::from_slice::<Signatures>(bytes));
    let (Some(keys), Some(Ok(file))) = (keys, file) else {
        return Error::Unreadable {
            what,
            why: source.to_string(),
        };
    };
    let ids = file.signatures.iter().map(|signature| &signature.keyid);
    let known = ids.clone().filter(|id| keys.keyids.contains(id)).count();
    if known == 0 {
        let ids: Vec<String> = ids
            .map(|id| host::digest::hex(id).chars().take(8).collect())
            .collect();
        return Error::UnknownKey {
            what,
            keys: match ids.is_empty() {
                true => "none".to_owned(),
                false => ids.join(", "),
            },
        };
    }
    match (known as u64) < keys.threshold.get() {
        true => Error::TooFewSignatures {
            what,
            signed: known,
            threshold: keys.threshold.get(),
        },
        false => Error::WrongSignature { what },
    }
}
