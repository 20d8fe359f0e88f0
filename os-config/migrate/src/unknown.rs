//! Keys that k3OS did not know, and ignored.

use super::draft::{Draft, nest};
use os_config::nearest;
use os_config::tree::Entry;

/// Notes a key that k3OS did not know.
pub(super) fn unknown(draft: &mut Draft, entry: &Entry, above: &[&str], known: &[&str]) {
    let message = if let Some(near) = nearest(&entry.key, known) {
        let meant = [above, &[near]].concat().join(".");
        format!("no key of k3OS, which ignored it; was `{meant}` meant?")
    } else {
        "no key of k3OS, which ignored it".to_owned()
    };
    ignored(draft, entry, above, message);
}

/// Notes a key at the top level that belonged below `k3os`.
pub(super) fn misplaced(draft: &mut Draft, entry: &Entry) {
    let message =
        "k3OS ignored this: it belonged below `k3os:`; write it by hand if it is wanted".to_owned();
    ignored(draft, entry, &[], message);
}

fn ignored(draft: &mut Draft, entry: &Entry, above: &[&str], message: String) {
    let way = [above, &[&entry.key]].concat();
    let original = nest(&way, entry.value.clone());
    draft.lost(entry.key_span, &way.join("."), message, original);
}
