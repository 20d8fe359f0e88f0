//! What a new text says of a cluster that exists.

use init_api::Root;
use os_config::Loaded;
use runtime::{Founding, Paths};

/// How `after` contradicts the cluster, a sentence each; `before` is the configuration so far.
pub(super) fn contradicted(root: &Root, before: Option<&Loaded>, after: &Loaded) -> Vec<String> {
    let Some(founded) = founded(root, before, after) else {
        return Vec::new();
    };
    let overruled = founded.overruled(after.config()).into_iter();
    overruled
        .map(|it| {
            format!(
                "{} is {} in the file and {} in the cluster",
                it.key, it.asked, it.kept
            )
        })
        .collect()
}

/// What the cluster was founded with. Where that was not kept, or cannot be read, the configuration so far says it, but for
/// the name; `None` without a cluster.
fn founded(root: &Root, before: Option<&Loaded>, after: &Loaded) -> Option<Founding> {
    let paths = Paths::below(root.path("/"));
    if let Ok(Some(founded)) = Founding::load(&paths) {
        return Some(founded);
    }
    let before = before.filter(|_| paths.database().exists())?;
    let so_far = &before.config().kubernetes;
    let named = after.config().kubernetes.node_name.as_ref();
    Some(Founding {
        node_name: named.map(ToString::to_string).unwrap_or_default(),
        pods: so_far.pod_cidr,
        services: so_far.service_cidr,
        domain: so_far.cluster_domain.to_string(),
    })
}
