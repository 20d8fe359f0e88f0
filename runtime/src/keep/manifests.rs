//! Following the two sets of manifests: those that come with the image, and the user's.

use super::apply::{Applier, words};
use super::document::ManifestProblem;
use super::folder::{self, Folder};
use super::in_force::missing_part;
use super::inventory::Set;
use super::wanted::{Wanted, packaged, user};
use super::{Backoff, Keeper};
use std::path::Path;
use std::time::Duration;

/// What somebody changed in the cluster by hand is put right after this long. Applying what is already so costs the
/// datastore nothing.
const AGAIN: Duration = Duration::from_secs(600);

pub(super) async fn follow_packaged(keeper: &Keeper, client: &kube::Client) {
    follow(keeper, client, Set::Packaged, &keeper.paths.run()).await;
}

pub(super) async fn follow_user(keeper: &Keeper, client: &kube::Client) {
    follow(keeper, client, Set::User, &keeper.paths.user_manifests()).await;
}

fn read(keeper: &Keeper, set: Set) -> Wanted {
    match set {
        Set::Packaged => packaged(&keeper.settings, &keeper.paths),
        Set::User => {
            let mut wanted = user(&keeper.settings, &keeper.paths.user_manifests());
            let missing = missing_part(&keeper.settings, &keeper.paths);
            wanted.problems.extend(missing);
            wanted
        }
    }
}

/// Applies a set, and again when its folder changes, after a failure, and now and then.
async fn follow(keeper: &Keeper, client: &kube::Client, set: Set, watched: &Path) {
    let mut applier = Applier::new(client.clone());
    let mut backoff = Backoff::new();
    let mut folder = Folder::watch(watched).ok();
    loop {
        let other = || read(keeper, set.other());
        let done = applier.bring_in_line(set, read(keeper, set), other);
        let problems = match done.await {
            Ok(problems) => problems,
            Err(error) => vec![ManifestProblem {
                file: format!("the {set} manifests"),
                index: 0,
                reason: words(&error),
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
            keeper.report.manifests(&set.to_string(), &problems);
        }
        tokio::select! {
            () = folder::changed(&mut folder) => backoff.reset(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
