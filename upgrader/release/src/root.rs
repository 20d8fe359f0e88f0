//! Roots: whether one can be begun with, and whether one follows from another.

use crate::error::Error;
use tough::schema::{Root, Signed};

/// Whether bytes are a root to begin with; gives its number.
///
/// # Errors
/// They are no root, or too few of its own keys signed it.
pub fn root_version(bytes: &[u8]) -> Result<u64, Error> {
    let root: Signed<Root> = serde_json::from_slice(bytes)
        .map_err(|error| Error::FirstRoot(format!("it does not parse: {error}")))?;
    let signed = root.signed.verify_role(&root);
    signed.map_err(|error| Error::FirstRoot(error.to_string()))?;
    Ok(root.signed.version.get())
}

/// Whether a root is the next one after another: its number is, and the keys of both signed it.
pub(crate) fn follows(root: &[u8], next: &[u8]) -> bool {
    let parsed = |bytes| serde_json::from_slice::<Signed<Root>>(bytes).ok();
    let (Some(root), Some(next)) = (parsed(root), parsed(next)) else {
        return false;
    };
    root.signed.version.get().checked_add(1) == Some(next.signed.version.get())
        && root.signed.verify_role(&next).is_ok()
        && next.signed.verify_role(&next).is_ok()
}
