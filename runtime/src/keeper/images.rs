//! Loading the user's image archives and a stick's bundle when they appear, and again when containerd has lost them; telling that it
//! has.

mod thrown_away;

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use super::stick::{bring_manifests, read_stick};
use crate::images::{load_system_image, load_user_images};
use std::time::Duration;

const TOPIC: &str = "images";
const STORE: &str = "image store";
const STICK: &str = "stick";

/// Loads archives, and those that come later. The image of the system is loaded by a service of its own at the boot, and here
/// when containerd was started again.
pub(super) async fn follow(keeper: &Keeper) {
    let mut backoff = Backoff::new();
    let mut watched = Folder::watch(&keeper.paths.user_images()).ok();
    let mut socket = Folder::watch(&keeper.paths.containerd_run()).ok();
    let mut store = Folder::watch(&keeper.paths.image_store()).ok();
    let mut stick = watch_stick(keeper);
    let mut restarted = false;
    loop {
        let lost = thrown_away::all(&keeper.paths.image_store());
        keeper.report.problems(STORE, lost);
        let (problems, all_known) = load(keeper, restarted).await;
        restarted &= !problems.is_empty();
        let pause = if problems.is_empty() && all_known {
            backoff.reset();
            Duration::MAX
        } else {
            backoff.pause()
        };
        if problems.is_empty() || pause > Duration::from_secs(5) {
            keeper.report.problems(TOPIC, problems);
        }
        tokio::select! {
            () = folder::changed(&mut watched) => backoff.reset(),
            // Somebody removed what the message is about, perhaps.
            () = folder::changed(&mut store) => {}
            // It was plugged in or pulled out.
            () = folder::changed(&mut stick) => backoff.reset(),
            () = folder::changed(&mut socket) => {
                restarted = true;
                backoff.reset();
            }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The folder is there before the service that says in it what is plugged in.
fn watch_stick(keeper: &Keeper) -> Option<Folder> {
    let said = keeper.paths.at(init_api::paths::STICK);
    let folder = said.parent()?;
    let made = std::fs::create_dir_all(folder);
    made.and_then(|()| Folder::watch(folder)).ok()
}

/// Gives what went wrong, and whether all is known of what a stick has.
async fn load(keeper: &Keeper, restarted: bool) -> (Vec<String>, bool) {
    let (paths, settings) = (keeper.paths.clone(), keeper.settings.clone());
    // A stick may be slow, or hang: nothing else waits for it.
    let looked = {
        let (paths, settings) = (paths.clone(), settings.clone());
        tokio::task::spawn_blocking(move || read_stick(&settings, &paths)).await
    };
    let stick = match looked {
        Ok(stick) => stick,
        Err(error) => return (vec![error.to_string()], true),
    };
    keeper.report.stick(stick.told.clone());
    keeper.report.problems(STICK, stick.problems.clone());
    let all_known = !stick.unknown;
    let loaded = tokio::task::spawn_blocking(move || {
        // All of it: it stays mounted until this ends.
        let stick = stick;
        let bundle = stick.bundle.as_ref();
        let mut problems = load_user_images(&paths, &settings.images, bundle);
        // Pods whose images are not there would only wait, ever longer.
        if let Some(bundle) = bundle.filter(|_| problems.is_empty() && settings.bundles.manifests) {
            problems.extend(bring_manifests(bundle, &paths.user_manifests()));
        }
        if restarted && let Err(error) = load_system_image(&settings, &paths) {
            problems.push(format!("images: {error}"));
        }
        problems
    });
    let problems = loaded.await.unwrap_or_else(|error| vec![error.to_string()]);
    (problems, all_known)
}
