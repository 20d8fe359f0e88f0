//! The bundle of a stick that is plugged in: whether it is taken, and its manifests.
//!
//! A service mounts the stick when it comes; here is decided what of it counts. Nothing is taken that nobody vouches for, unless the
//! configuration says so. What of its releases counts the upgrader says, which verifies them.

mod releases;

use crate::file::{self, PlannedFile};
use crate::{Paths, Settings};
use bundle::{Bundle, PublicKey, Turn, has_releases, is_there};
use host::with_causes;
use releases::{Found, found, told_of};
use std::fs;
use std::path::Path;

/// What a stick has for this node.
#[derive(Debug, Default)]
pub(super) struct Plugged {
    /// Its bundle, if that is taken.
    pub(super) bundle: Option<Bundle>,
    /// For `holdfast status`.
    pub(super) told: Option<String>,
    /// Why not all of it is used.
    pub(super) problems: Vec<String>,
    /// What its releases are is not known yet.
    pub(super) unknown: bool,
    /// Keeps it mounted while its bundle is read; nothing where it has none.
    turn: Option<Turn>,
}

/// Reads the stick that is plugged in now, as soon as nobody else writes to it.
pub(super) fn read_stick(settings: &Settings, paths: &Paths) -> Plugged {
    let at = paths.at(init_api::paths::STICK_TURNS);
    let turn = Turn::reading(&at);
    let mut plugged = plugged(settings, paths, &|| found(paths));
    match turn {
        Ok(turn) => plugged.turn = Some(turn).filter(|_| plugged.bundle.is_some()),
        Err(error) => {
            let problem = format!("the stick: cannot lock {}: {error}", at.display());
            plugged.problems.push(problem);
        }
    }
    plugged
}

/// What is plugged in; `releases` says what its repository has.
fn plugged(settings: &Settings, paths: &Paths, releases: &dyn Fn() -> Found) -> Plugged {
    let mut plugged = used(settings, paths, releases);
    // What the service that mounts sticks could not use: a second bundle, a damaged file system.
    let problems = fs::read_to_string(paths.at(init_api::paths::STICK_PROBLEMS));
    let problems = problems.unwrap_or_default();
    let problems = problems.lines().map(|line| format!("the stick {line}"));
    plugged.problems.extend(problems);
    plugged
}

/// What there is of the stick that is mounted.
fn used(settings: &Settings, paths: &Paths, releases: &dyn Fn() -> Found) -> Plugged {
    let device = fs::read_to_string(paths.at(init_api::paths::STICK));
    let Ok(device) = device.map(|text| text.trim().to_owned()) else {
        return Plugged::default();
    };
    let stick = paths.at(init_api::paths::STICK_MOUNT);
    let mut plugged = match is_there(&stick) {
        true => bundle_of(settings, &stick, &device),
        false => Plugged::default(),
    };
    if has_releases(&stick) {
        let found = releases();
        let releases = told_of(&found);
        plugged.unknown = matches!(found, Found::Unknown(_));
        plugged.told = Some(match plugged.told {
            Some(told) => format!("{told}; {releases}"),
            None => format!("{device}: {releases}"),
        });
    }
    plugged
}

fn bundle_of(settings: &Settings, stick: &Path, device: &str) -> Plugged {
    let signers = settings.bundles.signers.iter();
    let signers: Vec<PublicKey> = signers
        .filter_map(|key| key.as_str().parse().ok())
        .collect();
    let bundle = match Bundle::open(stick, &signers) {
        Ok(bundle) => bundle,
        Err(error) => {
            return Plugged {
                problems: vec![format!("the stick {device}: {}", with_causes(&error))],
                ..Plugged::default()
            };
        }
    };
    let told = told(&bundle, device);
    if let Err(error) = bundle.is_for(machine()) {
        return Plugged {
            problems: vec![format!("the stick {device}: {}", with_causes(&error))],
            told: Some(format!("{told}, not used")),
            ..Plugged::default()
        };
    }
    if bundle.vouched_by().is_some() || settings.bundles.unsigned {
        return Plugged {
            bundle: Some(bundle),
            told: Some(told),
            ..Plugged::default()
        };
    }
    Plugged {
        problems: vec![refusal(&bundle, device)],
        told: Some(format!("{told}, not used")),
        ..Plugged::default()
    }
}

/// What this machine is, as images call it.
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn told(bundle: &Bundle, device: &str) -> String {
    let listing = bundle.listing();
    let (images, manifests) = (listing.images().len(), bundle.manifests().count());
    format!(
        "{device}: bundle {} of {} with {images} images and {manifests} manifests",
        listing.name(),
        listing.made()
    )
}

fn refusal(bundle: &Bundle, device: &str) -> String {
    let name = bundle.listing().name();
    let keys: Vec<String> = bundle.keys().iter().map(ToString::to_string).collect();
    let signed = match keys.is_empty() {
        true => "nobody signed it".to_owned(),
        false => format!("it says that it is signed by {}", keys.join(", ")),
    };
    format!(
        "bundle {name} of the stick {device} is not used: no key in `bundles.signers` vouches for it ({signed}); add the key of who made it there, or say `bundles: {{unsigned: true}}`"
    )
}

/// Puts the manifests of a bundle among the user's, in the place of those of the one before; the keeper applies them from there.
pub(super) fn bring_manifests(bundle: &Bundle, folder: &Path) -> Vec<String> {
    let beginning = format!("bundle.{}.", bundle.listing().name());
    let mut problems = Vec::new();
    let mut kept = Vec::new();
    for name in bundle.manifests() {
        let file = format!("{beginning}{name}");
        let written = bundle.manifest(name).map_err(|error| with_causes(&error));
        let written = written.and_then(|text| {
            let planned = PlannedFile::new(folder.join(&file), 0o600, text);
            file::write_lasting_if_changed(&planned).map_err(|error| with_causes(&error))
        });
        if let Err(why) = written {
            problems.push(format!(
                "manifest {name} of bundle {}: {why}",
                bundle.listing().name()
            ));
        }
        kept.push(file);
    }
    // With one of them damaged the former ones stay: what goes from the folder goes from the cluster.
    if problems.is_empty() {
        problems.extend(take_away(folder, &beginning, &kept));
    }
    problems
}

fn take_away(folder: &Path, beginning: &str, kept: &[String]) -> Option<String> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(beginning)
            && !kept.contains(&name)
            && let Err(error) = fs::remove_file(entry.path())
        {
            return Some(format!(
                "{} cannot be removed: {error}",
                entry.path().display()
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests;
