//! A stick with a bundle, mounted while it is plugged in.
//!
//! udev has this run again whenever a stick with our label comes or goes. What of the stick counts is for others to decide: the
//! keeper, and the upgrader.

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
    let (mounted, mut notes) = take_first(sticks, &mut look);
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
    use super::{Place, take_first};
    use std::io;

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
