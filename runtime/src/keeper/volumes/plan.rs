//! Which volumes are to be made and removed: a pure function of what the cluster has.

#[cfg(test)]
mod tests;

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name that local-path-provisioner goes by, so that storage classes written for it work.
pub(super) const PROVISIONER: &str = "rancher.io/local-path";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Make the folder, then the volume.
    Make {
        /// The folder.
        folder: PathBuf,
        /// The volume.
        volume: Box<PersistentVolume>,
    },
    /// Remove the folder with all that is in it, then the volume.
    Remove {
        /// The folder.
        folder: PathBuf,
        /// The volume's name.
        volume: String,
    },
    /// Nothing can be done; why.
    Refuse(String),
}

/// What the cluster has.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) claims: Vec<PersistentVolumeClaim>,
    pub(super) volumes: Vec<PersistentVolume>,
    pub(super) classes: Vec<StorageClass>,
}

/// What is to be done on the node `node`, whose volumes are folders in `root`.
pub(super) fn plan(facts: &Facts, node: &str, root: &Path) -> Vec<Action> {
    let ours = facts
        .classes
        .iter()
        .filter(|class| class.provisioner == PROVISIONER);
    let classes: BTreeMap<&str, &StorageClass> = ours
        .filter_map(|class| Some((class.metadata.name.as_deref()?, class)))
        .collect();
    let made = facts
        .claims
        .iter()
        .filter_map(|claim| make(facts, &classes, claim, node, root));
    let removed = facts
        .volumes
        .iter()
        .filter_map(|volume| remove(volume, node, root));
    made.chain(removed).collect()
}

fn make(
    facts: &Facts,
    classes: &BTreeMap<&str, &StorageClass>,
    claim: &PersistentVolumeClaim,
    node: &str,
    root: &Path,
) -> Option<Action> {
    let wanted = OpenClaim::of(claim, classes)?;
    let volume = wanted.volume_name();
    let is_made = facts
        .volumes
        .iter()
        .any(|v| v.metadata.name.as_deref() == Some(&volume));
    if is_made || !is_for(claim, wanted.class, node) {
        return None;
    }
    let (namespace, name) = (wanted.namespace, wanted.name);
    if let Some(mode) = wanted.impossible_mode() {
        return Some(Action::Refuse(format!(
            "claim {namespace}/{name} asks for {mode}, which a volume on one node's disk cannot give: use ReadWriteOnce"
        )));
    }
    let folder = root.join(format!("{volume}_{namespace}_{name}"));
    match serde_json::from_value(wanted.volume(&folder, node)) {
        Ok(volume) => Some(Action::Make { folder, volume }),
        Err(error) => Some(Action::Refuse(format!(
            "claim {namespace}/{name} cannot be met: {error}"
        ))),
    }
}

/// A claim of one of our classes that has no volume.
struct OpenClaim<'a> {
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
    spec: &'a PersistentVolumeClaimSpec,
    class: &'a StorageClass,
}

impl<'a> OpenClaim<'a> {
    /// `None` for a claim that is another's, has its volume or is going away.
    fn of(
        claim: &'a PersistentVolumeClaim,
        classes: &BTreeMap<&str, &'a StorageClass>,
    ) -> Option<Self> {
        let spec = claim.spec.as_ref()?;
        let class = classes.get(spec.storage_class_name.as_deref()?)?;
        let metadata = &claim.metadata;
        let is_bound = spec
            .volume_name
            .as_deref()
            .is_some_and(|name| !name.is_empty());
        if is_bound || metadata.deletion_timestamp.is_some() {
            return None;
        }
        Some(Self {
            namespace: metadata.namespace.as_deref()?,
            name: metadata.name.as_deref()?,
            uid: metadata.uid.as_deref()?,
            spec,
            class,
        })
    }

    fn volume_name(&self) -> String {
        format!("pvc-{}", self.uid)
    }

    fn modes(&self) -> &[String] {
        self.spec.access_modes.as_deref().unwrap_or_default()
    }

    /// A way of access that one node's disk does not have.
    fn impossible_mode(&self) -> Option<&String> {
        self.modes()
            .iter()
            .find(|m| *m != "ReadWriteOnce" && *m != "ReadWriteOncePod")
    }

    /// The volume that meets the claim.
    fn volume(&self, folder: &Path, node: &str) -> Value {
        let requests = self
            .spec
            .resources
            .as_ref()
            .and_then(|r| r.requests.as_ref());
        json!({
            "metadata": { "name": self.volume_name(), "annotations": { PROVISIONED_BY: PROVISIONER } },
            "spec": {
                "capacity": requests.unwrap_or(&BTreeMap::new()),
                "accessModes": self.modes(),
                "volumeMode": "Filesystem",
                "persistentVolumeReclaimPolicy": self.class.reclaim_policy.as_deref().unwrap_or("Delete"),
                "storageClassName": self.class.metadata.name,
                "mountOptions": self.class.mount_options,
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": self.namespace,
                    "name": self.name,
                    "uid": self.uid,
                },
                "local": { "path": folder },
                "nodeAffinity": { "required": { "nodeSelectorTerms": [
                    { "matchExpressions": [{ "key": HOSTNAME, "operator": "In", "values": [node] }] },
                ] } },
            },
        })
    }
}

/// The scheduler has chosen this node for the pod that waits for the claim; or the class does not wait for pods.
fn is_for(claim: &PersistentVolumeClaim, class: &StorageClass, node: &str) -> bool {
    let selected = claim
        .metadata
        .annotations
        .as_ref()
        .and_then(|a| a.get(SELECTED_NODE));
    match selected {
        Some(selected) => selected == node,
        None => class.volume_binding_mode.as_deref() == Some("Immediate"),
    }
}

fn remove(volume: &PersistentVolume, node: &str, root: &Path) -> Option<Action> {
    let provisioned_by = volume
        .metadata
        .annotations
        .as_ref()
        .and_then(|a| a.get(PROVISIONED_BY));
    let spec = volume.spec.as_ref()?;
    let released = volume.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Released");
    let delete = spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete");
    if provisioned_by.map(String::as_str) != Some(PROVISIONER)
        || !released
        || !delete
        || !is_on(volume, node)
    {
        return None;
    }
    let name = volume.metadata.name.clone()?;
    let folder = PathBuf::from(&spec.local.as_ref()?.path);
    // Anyone who may edit volumes could name another folder of the machine.
    let own = folder.parent() == Some(root)
        && folder
            .file_name()
            .is_some_and(|f| f.to_string_lossy().starts_with(&format!("{name}_")));
    Some(if own {
        Action::Remove {
            folder,
            volume: name,
        }
    } else {
        Action::Refuse(format!(
            "volume {name} is not removed: {} is not a folder of its own",
            folder.display()
        ))
    })
}

fn is_on(volume: &PersistentVolume, node: &str) -> bool {
    let required = volume
        .spec
        .as_ref()
        .and_then(|s| s.node_affinity.as_ref()?.required.as_ref());
    let expressions = required
        .iter()
        .flat_map(|r| &r.node_selector_terms)
        .flat_map(|t| t.match_expressions.iter().flatten());
    expressions
        .into_iter()
        .any(|e| e.key == HOSTNAME && e.values.iter().flatten().any(|v| v == node))
}
