//! Loading the user's image archives when they appear, and again when containerd has lost them; telling that it has.

mod thrown_away;

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use crate::images::{load_system_image, load_user_images};
use std::time::Duration;

const TOPIC: &str = "images";
const STORE: &str = "image store";

/// Loads archives, and those that come later. The image of the system is loaded by a service of its own at the boot, and here
/// when containerd was started again.
pub(super) async fn follow(keeper: &Keeper) {
    let mut backoff = Backoff::new();
    let mut watched = Folder::watch(&keeper.paths.user_images()).ok();
    let mut socket = Folder::watch(&keeper.paths.containerd_run()).ok();
    let mut store = Folder::watch(&keeper.paths.image_store()).ok();
    let mut restarted = false;
    loop {
        let lost = thrown_away::all(&keeper.paths.image_store());
        keeper.report.problems(STORE, lost);
        let problems = load(keeper, restarted).await;
        let pause = if problems.is_empty() {
            restarted = false;
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
            () = folder::changed(&mut socket) => {
                restarted = true;
                backoff.reset();
            }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn load(keeper: &Keeper, restarted: bool) -> Vec<String> {
    let (paths, settings) = (keeper.paths.clone(), keeper.settings.clone());
    let loaded = tokio::task::spawn_blocking(move || {
        let mut problems = load_user_images(&paths, &settings.images);
        if restarted && let Err(error) = load_system_image(&settings, &paths) {
            problems.push(format!("images: {error}"));
        }
        problems
    });
    loaded.await.unwrap_or_else(|error| vec![error.to_string()])
}
