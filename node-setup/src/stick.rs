//! A stick with a bundle, mounted while it is plugged in.
//!
//! udev has this run again whenever a stick with our label comes or goes. What of the stick counts is for others to decide: the
//! keeper, and the upgrader.

use crate::online::config_in_force;
use crate::policy::{Policy, UsbStick};
use crate::sources::{Bundled, bundle_sticks, mount_bundle, unmount_bundle};
use host::file;
use init_api::{Root, paths};
use std::fs;
use std::io;
use std::path::Path;

/// Mounts the stick that is plugged in now, in the place of one that was; says which in a file, and in another one why others are not
/// used. Gives what a log should have.
///
/// # Errors
/// The files cannot be written.
pub fn follow(root: &Root) -> io::Result<Vec<String>> {
    let at = root.path(paths::STICK_MOUNT);
    let aside = at.with_extension("other");
    unmount_bundle(&at);
    let mut look = |stick: &Bundled, place| match place {
        Place::Free => mount_bundle(&stick.device, &at, &stick.volume),
        Place::Taken => {
            let has = mount_bundle(&stick.device, &aside, &stick.volume);
            unmount_bundle(&aside);
            has
        }
    };
    let sticks = bundle_sticks();
    let sticks = sticks.iter().map(|stick| (stick.device.as_str(), stick));
    let (mounted, mut notes) = take_allowed(root, sticks, &mut look);
    say(&root.path(paths::STICK), mounted)?;
    let problems = (!notes.is_empty()).then(|| notes.join("\n"));
    say(&root.path(paths::STICK_PROBLEMS), problems.as_deref())?;
    notes.extend(mounted.map(|device| format!("{device} is mounted on {}", at.display())));
    Ok(notes)
}

/// Whether a stick can be mounted where bundles are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    /// Another stick is there. It is looked at all the same: one that has a configuration alone is no matter.
    Taken,
}

/// As [`take_first`], of an image that has the kernel read sticks at all.
fn take_allowed<'a, T>(
    root: &Root,
    sticks: impl Iterator<Item = (&'a str, T)>,
    look: &mut dyn FnMut(T, Place) -> io::Result<bool>,
) -> (Option<&'a str>, Vec<String>) {
    if Policy::read(root).0.usb_stick != UsbStick::Ignore || takes_bundles(root) {
        return take_first(sticks, look);
    }
    let ignored = sticks.map(|(device, _)| {
        format!(
            "{device} is not mounted: this image says `usb_stick: ignore`, and the configuration names nobody in `bundles.signers`; to \
             have a bundle used, add the key of who makes it, and plug the stick in again"
        )
    });
    (None, ignored.collect())
}

/// Whether the configuration says whose bundles it takes: who wrote that wants sticks, whatever the image thinks of configurations on
/// them.
fn takes_bundles(root: &Root) -> bool {
    config_in_force(root)
        .is_ok_and(|config| config.bundles.unsigned || !config.bundles.signers.is_empty())
}

/// The first stick with a bundle, and why others are not used. `look` tells whether there is a bundle on one.
fn take_first<'a, T>(
    sticks: impl Iterator<Item = (&'a str, T)>,
    look: &mut dyn FnMut(T, Place) -> io::Result<bool>,
) -> (Option<&'a str>, Vec<String>) {
    let (mut taken, mut problems) = (None, Vec::new());
    for (device, stick) in sticks {
        let place = taken.map_or(Place::Free, |_| Place::Taken);
        match (look(stick, place), taken) {
            (Ok(true), None) => taken = Some(device),
            (Ok(true), Some(first)) => problems.push(format!(
                "{device} is left alone: {first} has a bundle, too, and is used; pull one of the two out"
            )),
            (Ok(false), _) => {}
            (Err(error), _) => problems.push(format!(
                "{device} cannot be read: {error}; try it in another port, or make it again"
            )),
        }
    }
    (taken, problems)
}

/// Writes a file that is there as long as there is something to say.
fn say(path: &Path, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else {
        return file::remove(path).map(drop);
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    file::write(path, 0o644, format!("{text}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Place, take_allowed, take_first};
    use init_api::{Root, paths};
    use std::fs;
    use std::io;

    #[test]
    fn an_image_that_ignores_sticks_mounts_none_unless_bundles_are_wanted() {
        const IGNORE: Option<&str> = Some(r#"{"usb_stick":"ignore"}"#);
        const SIGNER: &str =
            "bundles: {signers: [\"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"]}\n";
        let cases = [
            ("no policy", None, Some("hostname: a\n"), true),
            ("ignored", IGNORE, Some("hostname: a\n"), false),
            ("no configuration", IGNORE, None, false),
            ("a policy of no meaning", Some("{"), None, false),
            ("a signer", IGNORE, Some(SIGNER), true),
            ("anybody", IGNORE, Some("bundles: {unsigned: true}\n"), true),
        ];
        for (name, policy, config, mounted) in cases {
            let folder = tempfile::tempdir().expect("folder");
            let root = Root::new(folder.path());
            let put = |path: &str, text: &str| {
                let path = root.path(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, text).expect("written");
            };
            if let Some(text) = policy {
                put(paths::CONFIG_POLICY, text);
            }
            if let Some(text) = config {
                let config = os_config::parse_config("c", format!("version: 1\n{text}").as_bytes())
                    .expect("right");
                let json = serde_json::to_string(&config).expect("a text");
                put(paths::CONFIG, &json);
            }
            let mut looked = false;
            let mut look = |(), _| {
                looked = true;
                Ok(true)
            };
            let sticks = [("/dev/sda", ())].into_iter();
            let (taken, said) = take_allowed(&root, sticks, &mut look);
            assert_eq!(taken.is_some(), mounted, "{name}");
            assert_eq!(looked, mounted, "{name}");
            let told = said
                .iter()
                .any(|said| said.starts_with("/dev/sda is not mounted"));
            assert_eq!(told, !mounted, "{name}: {said:?}");
        }
    }

    #[test]
    fn one_stick_is_used_and_what_is_wrong_with_others_is_said() {
        type Found = io::Result<bool>;
        fn broken() -> Found {
            Err(io::Error::other("bad superblock"))
        }
        type Case<'a> = (&'a str, [fn() -> Found; 2], Option<&'a str>, &'a [&'a str]);
        let cases: [Case<'_>; 5] = [
            ("none has a bundle", [|| Ok(false), || Ok(false)], None, &[]),
            (
                "one has",
                [|| Ok(false), || Ok(true)],
                Some("/dev/sdb"),
                &[],
            ),
            (
                "one brings a configuration",
                [|| Ok(true), || Ok(false)],
                Some("/dev/sda"),
                &[],
            ),
            (
                "both have",
                [|| Ok(true), || Ok(true)],
                Some("/dev/sda"),
                &["/dev/sdb is left alone: /dev/sda has a bundle, too"],
            ),
            (
                "one is damaged",
                [broken, || Ok(true)],
                Some("/dev/sdb"),
                &["/dev/sda cannot be read: bad superblock"],
            ),
        ];
        for (name, sticks, wanted, words) in cases {
            let named = ["/dev/sda", "/dev/sdb"].into_iter().zip(sticks);
            let mut free = true;
            let mut look = |stick: fn() -> Found, place| {
                assert_eq!(place == Place::Free, free, "{name}");
                let found = stick();
                free &= !found.as_ref().is_ok_and(|has| *has);
                found
            };
            let (taken, problems) = take_first(named, &mut look);
            assert_eq!(taken, wanted, "{name}");
            assert_eq!(problems.len(), words.len(), "{name}: {problems:?}");
            for (problem, words) in problems.iter().zip(words) {
                assert!(problem.contains(words), "{name}: {problem}");
            }
        }
    }
}
