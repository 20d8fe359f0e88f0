//! `k3os.install`: what chooses the disk and what comes afterwards is `install`; questions and media that Holdfast does not have are
//! noted.

use super::coerce::{mapping, scalar, truth};
use super::draft::{self, Draft};
use super::names;
use super::unknown::unknown;
use os_config::HttpUrl;
use os_config::tree::{Entry, Node};

const ABOVE: [&str; 2] = ["k3os", "install"];
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

/// Moves every key of `install`.
pub(super) fn install(draft: &mut Draft, value: &Node) {
    let entries = mapping(draft, value, "k3os.install", &ABOVE);
    let is_device = |entry: &Entry| names::find(&entry.key, &KEYS) == Some("device");
    let unattended = entries.iter().any(is_device);
    for entry in entries {
        match names::find(&entry.key, &KEYS) {
            Some(key) => moved(draft, entry, key, unattended),
            None => unknown(draft, entry, &ABOVE, &KEYS),
        }
    }
}

/// Without a device k3OS asked a person; then nothing of it becomes `install`, which asks nobody.
fn moved(draft: &mut Draft, entry: &Entry, key: &str, unattended: bool) {
    let value = &entry.value;
    let said = format!("k3os.install.{key}");
    let on = truth(value);
    match key {
        "device" => {
            draft.put(&["install", "disk", "path"], value.clone());
            let message = "k3OS installed onto it whatever was on it; Holdfast refuses a disk that has data unless `install.wipe` is true";
            draft.changed(value.span, &said, message);
        }
        "config_url" if is_unprotected(value) => lost(
            draft,
            entry,
            &said,
            "a configuration is root, and on the way anyone could change it: serve it by https, and write `config_url: https://…`",
        ),
        "config_url" => draft.offer(&["config_url"], value.clone(), &said),
        "power_off" => match on {
            Some(true) if !unattended => lost(
                draft,
                entry,
                &said,
                "no disk is named, so k3OS asked for one; write `install.disk` and `install.then` for an installation that asks nobody",
            ),
            Some(true) => draft.put(&["install", "then"], draft::text(value.span, "power-off")),
            Some(false) => {}
            None => lost(draft, entry, &said, "it should be true or false"),
        },
        // What they ask for is so in any case.
        "silent" | "force_efi" if on == Some(true) => {}
        "no_format" | "debug" if on == Some(false) => {}
        "silent" => lost(
            draft,
            entry,
            &said,
            "nothing is asked: what `install` says is done",
        ),
        "force_efi" => lost(draft, entry, &said, "machines start by UEFI only"),
        "no_format" => lost(draft, entry, &said, "the disk is always laid out anew"),
        "debug" => lost(
            draft,
            entry,
            &said,
            "`holdfast logs install` has all there is",
        ),
        "iso_url" => lost(
            draft,
            entry,
            &said,
            "the system on the stick itself is installed: flash the stick with another image for another one",
        ),
        _ => lost(draft, entry, &said, "every console shows what is done"),
    }
}

/// An address that Holdfast does not take a configuration from. What is no address at all is told with the rest.
fn is_unprotected(value: &Node) -> bool {
    let text = scalar(value).unwrap_or_default();
    HttpUrl::parse(text).is_ok_and(|url| !url.is_protected())
}

fn lost(draft: &mut Draft, entry: &Entry, said: &str, message: &str) {
    let original = draft::nest(&[ABOVE[0], ABOVE[1], &entry.key], entry.value.clone());
    draft.lost(entry.value.span, said, message, original);
}
