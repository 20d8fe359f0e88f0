//! `k3os.install`: the same keys at the top level.

use super::coerce::{mapping, truth};
use super::draft::{self, Draft};
use super::names;
use super::unknown::unknown;
use os_config::tree::Node;

/// Moves every key of `install`.
pub(super) fn install(draft: &mut Draft, value: &Node) {
    const KEYS: [&str; 9] = [
        "force_efi",
        "device",
        "config_url",
        "silent",
        "iso_url",
        "power_off",
        "no_format",
        "debug",
        "tty",
    ];
    let above = ["k3os", "install"];
    for entry in mapping(draft, value, "k3os.install", &above) {
        let Some(key) = names::find(&entry.key, &KEYS) else {
            unknown(draft, entry, &above, &KEYS);
            continue;
        };
        let value = match key {
            "device" | "config_url" | "iso_url" | "tty" => entry.value.clone(),
            _ => match truth(&entry.value) {
                Some(value) => draft::truth(entry.value.span, value),
                None => entry.value.clone(),
            },
        };
        draft.put(&["install", key], value);
    }
}
