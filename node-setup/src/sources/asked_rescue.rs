//! The script on a USB stick that it asks to run: whether the keys of releases order it, and whether it ran here.

use init_api::{FileError, Root, load_if_present, paths, store};
use jiff::Timestamp;
use release::{RescueOrder, Trust};
use serde::{Deserialize, Serialize};
use std::fs;

/// Orders that are remembered.
const MOST: usize = 200;

/// A rescue script and what vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueFiles {
    /// `rescue.sh`.
    pub script: Vec<u8>,
    /// `rescue.json`; empty where it is not there.
    pub order: Vec<u8>,
}

/// What is to be done about a rescue script.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It is run.
    Run(RescueOrder),
    /// It is not: why.
    No(String),
}

/// An order that was begun here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    id: String,
    at: Timestamp,
}

/// Whether the files of a stick are to be acted on.
pub(crate) fn judge(root: &Root, files: &RescueFiles, now: Timestamp) -> Judged {
    let Ok(baked) = fs::read(root.path(paths::RELEASE_ROOT)) else {
        return Judged::No(
            "this image trusts no release keys: build images with --release-root".to_owned(),
        );
    };
    if files.order.is_empty() {
        return Judged::No(
            "there is no rescue.json beside it, which `holdfast rescue sign` writes".to_owned(),
        );
    }
    let trust = Trust::kept(root.path(paths::RELEASE_TRUST), baked);
    let order = match RescueOrder::read(&files.order, &files.script, &trust, now) {
        Ok(order) => order,
        Err(error) => return Judged::No(host::with_causes(&error)),
    };
    match begun(root) {
        Ok(all) => match all.iter().find(|one| one.id == order.id) {
            Some(before) => Judged::No(format!(
                "it was begun on this machine at {}, and an order is carried out once; sign it anew to have it run again",
                before.at
            )),
            None => Judged::Run(order),
        },
        Err(error) => Judged::No(format!(
            "whether it ran before cannot be told: {}",
            host::with_causes(&error)
        )),
    }
}

fn begun(root: &Root) -> Result<Vec<Begun>, FileError> {
    Ok(load_if_present(root.path(paths::RESCUES))?.unwrap_or_default())
}

/// Whether one was begun in this boot: the machine stays in maintenance mode then, whatever a later look finds, so that nothing ends
/// the script but its own end.
pub(super) fn is_under_way(root: &Root) -> bool {
    root.path(paths::RESCUE).exists()
}

/// From now on the order is carried out.
pub(crate) fn note_begun(
    root: &Root,
    order: &RescueOrder,
    now: Timestamp,
) -> Result<(), FileError> {
    let mut all = begun(root)?;
    all.push(Begun {
        id: order.id.clone(),
        at: now,
    });
    all.drain(..all.len().saturating_sub(MOST));
    store(root.path(paths::RESCUES), &all)?;
    // Last: an order that is not remembered is not begun.
    store(root.path(paths::RESCUE), &order.id)
}
