//! Metadata files that were found good.

use std::collections::BTreeMap;

/// Metadata files that were found good, by name without a number, as they came: also those before the one that was not.
#[derive(Debug, Clone, Default)]
pub struct Accepted(BTreeMap<&'static str, Vec<u8>>);

impl Accepted {
    pub(crate) fn add(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.0.insert(name, bytes);
    }

    /// Name (`timestamp.json`) and bytes of each.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (*name, bytes.as_slice()))
    }
}
