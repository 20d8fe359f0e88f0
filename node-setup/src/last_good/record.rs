//! What is written when a configuration is in force: a pure plan.
//!
//! Cuts: every file is whole or not there. The old one goes by the keeper's renaming alone, which is one step, and only once the node
//! was Ready with the new one.

use super::{FOLDER, LastGood, MARK, READY, TRIED, file_name, file_of};
use crate::step::{Content, Step};
use init_api::{Tried, paths};
use std::path::Path;

/// How many are kept: of both slots, and of a release that was tried and went back.
const KEPT: usize = 3;

/// What is to be done, and what the keeper is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// None when all is so already.
    pub(crate) steps: Vec<Step>,
    /// What becomes the last good one when the node has been Ready; none if it was with this one before.
    pub(crate) tried: Option<Tried>,
}

/// Records `merged` as what `release` accepted; of others, the ones that ran last. `lying` are the names of those that are tried.
pub(crate) fn record(all: &[LastGood], lying: &[String], release: &str, merged: &str) -> Record {
    let release = &file_name(release);
    let mut others: Vec<&LastGood> = all.iter().filter(|one| one.release != *release).collect();
    others.sort_by_key(|one| std::cmp::Reverse(one.number));
    let own = all.iter().find(|one| one.release == *release);
    let latest = others.first().map_or(0, |one| one.number);
    let number = match own {
        Some(own) if own.number > latest => own.number,
        _ => latest + 1,
    };
    let first_line = format!("{MARK}{number}.\n");
    let ready = format!("{first_line}{READY}\n");
    // A damaged one is good for nothing.
    let good = own.filter(|own| own.was_ready() && own.load().is_ok());
    let good = good.map(LastGood::merged);
    let stands = match &good {
        Some(good) => [ready.as_bytes(), good].concat(),
        None => [first_line.as_bytes(), merged.as_bytes()].concat(),
    };
    let tried = (good.as_deref() != Some(merged.as_bytes())).then(|| format!("{ready}{merged}"));
    let name = tried.as_ref().map(|text| name_of(release, text));
    let mut steps = Vec::new();
    if own.is_none_or(|own| own.text != stands) {
        steps.push(write(file_of(release), stands));
    }
    if let (Some(text), Some(name)) = (tried, &name)
        && !lying.contains(name)
    {
        steps.push(write(place(name), text.into_bytes()));
    }
    if !steps.is_empty() {
        let folder = Path::new(paths::CONFIG_STATE).join(FOLDER);
        steps.insert(0, Step::dir(folder, 0o700));
    }
    // What was tried before and is in force no longer never becomes good by what comes after it.
    let left = lying.iter().filter(|lies| Some(*lies) != name.as_ref());
    let left = left.map(|name| place(name));
    let pruned = others.iter().skip(KEPT - 1).map(|one| one.path());
    steps.extend(
        left.chain(pruned)
            .map(|path| Step::Remove { path: path.into() }),
    );
    let tried = name.map(|name| Tried {
        file: place(&name),
        becomes: file_of(release),
    });
    Record { steps, tried }
}

fn write(path: String, text: Vec<u8>) -> Step {
    Step::file(path, 0o600, Content(text))
}

/// Another for each text: what is renamed is what was Ready.
fn name_of(release: &str, text: &str) -> String {
    let digest = host::digest::hex(&host::digest::sha256(text)[..8]);
    format!("{release}.{digest}{TRIED}")
}

fn place(name: &str) -> String {
    format!("{}/{FOLDER}/{name}", paths::CONFIG_STATE)
}
