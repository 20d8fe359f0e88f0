//! Signing an order to run a script on a machine that nobody can log in to.

use super::{KeyError, KeyFolder, encode, sign};
use crate::rescue_order::Text;
use jiff::Timestamp;
use std::path::Path;
use std::time::Duration;
use tough::schema::{RoleType, Root, Signed};

/// The text of `rescue.json`: the keys of `folder` order that `script` is run, for at most `within`, on any machine that trusts them,
/// once on each, until the order `expires`.
///
/// # Errors
/// As [`KeyError`] says; keys that sign releases are needed, as many as must sign.
pub fn sign_rescue(
    folder: &Path,
    script: &[u8],
    expires: Timestamp,
    within: Duration,
) -> Result<Vec<u8>, KeyError> {
    let path = folder.join("root.json");
    let root = std::fs::read(&path).map_err(KeyError::read(&path))?;
    let root: Signed<Root> = serde_json::from_slice(&root)
        .map_err(|error| KeyError::Sign(format!("{} is no root: {error}", path.display())))?;
    let keys = KeyFolder::open(folder)?;
    let signers = keys.enough(RoleType::Targets, &root.signed)?;
    let id = host::digest::hex(&host::identifier::random());
    let text = Text::new(id, script, expires, within);
    Ok(encode(&sign(text, &signers)?))
}
