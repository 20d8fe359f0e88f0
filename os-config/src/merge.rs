//! Several trees become one: later wins, key by key.
//!
//! Mappings are merged, everything else is replaced, lists too. k3OS appended lists, so a list could only ever grow: a
//! wrong name server or a stolen ssh key from one source could not be taken back by another.

use std::collections::HashMap;

use crate::tree::{Node, Value};

/// Lays `over` upon `under`.
pub(crate) fn merge(under: &mut Node, over: &Node) {
    let (Value::Map(below), Value::Map(above)) = (&mut under.value, &over.value) else {
        *under = over.clone();
        return;
    };
    let known: HashMap<String, usize> = below
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.key.clone(), at))
        .collect();
    for entry in above {
        match known.get(&entry.key).and_then(|at| below.get_mut(*at)) {
            Some(other) => {
                other.key_span = entry.key_span;
                merge(&mut other.value, &entry.value);
            }
            None => below.push(entry.clone()),
        }
    }
}
