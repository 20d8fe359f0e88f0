//! A datastore that was damaged, as the engine notes it: told on the console page and in `holdfast status`, by a condition of
//! the node and by an event, for as long as the damaged one is kept.

mod aside;
mod cluster;

pub(super) use cluster::tell;

use super::context::Keeper;
use super::folder::{self, Folder};
use aside::all;

const TOPIC: &str = "datastore";

/// Shows it on this machine, whether or not the API answers.
pub(super) async fn show(keeper: &Keeper) {
    let folder = keeper.paths.database();
    let mut watched = Folder::watch(&folder).ok();
    loop {
        let asides = all(&folder);
        let problems = asides.iter().map(aside::Aside::message).collect();
        keeper.report.problems(TOPIC, problems);
        folder::changed(&mut watched).await;
    }
}
