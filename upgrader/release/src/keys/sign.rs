//! Signing metadata.

use super::error::KeyError;
use super::key::Key;
use serde::Serialize;
use tough::schema::{Role, Signature, Signed};

/// Signs with each of the keys.
pub(crate) fn sign<T: Role>(signed: T, keys: &[&Key]) -> Result<Signed<T>, KeyError> {
    let text = signed
        .canonical_form()
        .map_err(|error| KeyError::Sign(error.to_string()))?;
    let signatures = keys.iter().map(|key| Signature {
        keyid: key.id.clone(),
        sig: key.sign(&text).into(),
    });
    Ok(Signed {
        signatures: signatures.collect(),
        signed,
    })
}

/// The text of a metadata file, with keys in order, so that the same gives the same bytes.
pub(crate) fn encode<T: Serialize>(signed: &Signed<T>) -> Vec<u8> {
    let sorted = serde_json::to_value(signed).expect("metadata is JSON");
    let mut text = serde_json::to_vec_pretty(&sorted).expect("metadata is JSON");
    text.push(b'\n');
    text
}
