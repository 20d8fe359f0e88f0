//! Loading the user's image archives when they appear.

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use crate::images::load_user_images;
use std::time::Duration;

const TOPIC: &str = "images";

/// Loads archives, and those that come later.
pub(super) async fn follow(keeper: &Keeper) {
    let mut backoff = Backoff::new();
    let mut watched = Folder::watch(&keeper.paths.user_images()).ok();
    loop {
        let (paths, extra) = (keeper.paths.clone(), keeper.settings.images.clone());
        let loaded = tokio::task::spawn_blocking(move || load_user_images(&paths, &extra)).await;
        let problems = loaded.unwrap_or_else(|error| vec![error.to_string()]);
        let pause = if problems.is_empty() {
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
            () = tokio::time::sleep(pause) => {}
        }
    }
}
