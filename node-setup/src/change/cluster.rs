//! What a new text says of a cluster that exists.

use init_api::Root;
use os_config::Loaded;
use runtime::{ClusterIdentity, Founding, Overruled, Paths, cluster_exists};

/// How `after` contradicts the cluster, a sentence each; `before` is the configuration so far.
pub(super) fn contradicted(root: &Root, before: Option<&Loaded>, after: &Loaded) -> Vec<String> {
    let overruled = overruled(root, before, after).into_iter();
    overruled
        .map(|it| {
            format!(
                "{} is {} in the file and {} in the cluster",
                it.key, it.asked, it.kept
            )
        })
        .collect()
}

/// What of `after` does not count in the cluster. Where it was not kept what that was founded with, or it cannot be read, the
/// configuration so far says it, but for the node's name.
fn overruled(root: &Root, before: Option<&Loaded>, after: &Loaded) -> Vec<Overruled> {
    let paths = Paths::from(root);
    if let Ok(Some(founded)) = Founding::load(&paths) {
        return founded.overruled(after.config());
    }
    let before = before.filter(|_| cluster_exists(&paths.cluster()));
    before.map_or_else(Vec::new, |before| {
        ClusterIdentity::of(before.config()).overruled(after.config())
    })
}
