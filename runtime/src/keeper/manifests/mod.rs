//! Applying the two sets of manifests, and removing what is in them no more: those that come with the image, and the user's.

mod apply;
mod completeness;
mod document;
mod inventory;
mod kinds;
mod object;
mod prune;
mod sources;
mod values;

pub use apply::Applier;
pub use document::{Document, ManifestProblem, parse};
pub use inventory::ManifestSet;
pub use object::ObjectRef;
pub use sources::{Desired, packaged, user};

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use super::kube_error::explain;
use completeness::missing_part;
use std::time::Duration;

/// What somebody changed in the cluster by hand is put right after this long. Applying what is already so costs the
/// datastore nothing.
const AGAIN: Duration = Duration::from_secs(600);

fn read(keeper: &Keeper, set: ManifestSet) -> Desired {
    match set {
        ManifestSet::Packaged => packaged(&keeper.settings, &keeper.paths),
        ManifestSet::User => {
            let mut desired = user(&keeper.settings, &keeper.paths.user_manifests());
            let missing = missing_part(&keeper.settings, &keeper.paths);
            desired.problems.extend(missing);
            desired
        }
    }
}

/// Applies a set, and again when its folder changes, after a failure, and now and then.
pub(super) async fn follow(keeper: &Keeper, client: &kube::Client, set: ManifestSet) {
    let watched = match set {
        ManifestSet::Packaged => keeper.paths.run(),
        ManifestSet::User => keeper.paths.user_manifests(),
    };
    let mut applier = Applier::new(client.clone());
    let mut backoff = Backoff::new();
    let mut folder = Folder::watch(&watched).ok();
    loop {
        let other = || read(keeper, set.other());
        let done = applier.bring_in_line(set, read(keeper, set), other);
        let problems = match done.await {
            Ok(problems) => problems,
            Err(error) => vec![ManifestProblem {
                file: format!("the {set} manifests"),
                index: 0,
                reason: explain(&error),
            }],
        };
        let pause = if problems.is_empty() {
            backoff.reset();
            AGAIN
        } else {
            backoff.pause()
        };
        // The cluster's first seconds bring errors that pass by themselves.
        if problems.is_empty() || pause > Duration::from_secs(5) {
            let problems = problems.iter().map(ToString::to_string);
            keeper.report.problems(&set.to_string(), problems.collect());
        }
        tokio::select! {
            () = folder::changed(&mut folder) => backoff.reset(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
