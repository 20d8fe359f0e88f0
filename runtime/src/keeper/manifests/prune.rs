//! Taking out of the cluster what no manifest has any more, and nothing else: what goes here may hold data.

use super::inventory::Inventory;
use super::kinds::Kinds;
use super::object::ObjectRef;
use crate::keeper::context::MANAGER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::Error;
use kube::api::{DeleteParams, ObjectMeta, Preconditions};
use kube::discovery::Scope;
use std::collections::{BTreeSet, HashSet};
use tracing::warn;

/// What must stay.
#[derive(Debug, Default)]
pub(super) struct MustStay {
    /// All that manifests of either set name.
    pub(super) objects: BTreeSet<ObjectRef>,
    /// UIDs of what was applied just now: whatever else an object is called, it is one of these or it is not.
    pub(super) applied: HashSet<String>,
    /// The user's files that stand.
    pub(super) standing: BTreeSet<String>,
}

/// What became of an object that its file does not name any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is deleted.
    Removed,
    /// It is not there, or a manifest names it in other words, or the other set has it now.
    NotOurs,
    /// It goes when the last of what lives in it is gone.
    Later,
    /// It holds data, and its file may only have been cut short.
    HoldsData,
}

impl MustStay {
    /// Everything that one set wants and the other may not touch.
    pub(super) fn new(
        inventories: [&Inventory; 3],
        applied: HashSet<String>,
        standing: BTreeSet<String>,
    ) -> Self {
        let objects = inventories.into_iter().flat_map(Inventory::objects);
        Self {
            objects: objects.cloned().collect(),
            applied,
            standing,
        }
    }

    /// Whether an object must stay, by its name alone; nothing if it may go.
    fn stays(&self, object: &ObjectRef, scope: &Scope) -> Option<Outcome> {
        if self.objects.iter().any(|kept| kept.is(object, scope)) {
            return Some(Outcome::NotOurs);
        }
        let needed = self.objects.iter().any(|kept| object.holds(kept));
        needed.then_some(Outcome::Later)
    }

    /// Whether an object that was in `file` must stay although its name may go.
    fn guards(&self, file: &str, object: &ObjectRef) -> bool {
        object.holds_data() && self.standing.contains(file)
    }
}

/// Deletes an object that was in `file`, unless it must stay.
pub(super) async fn remove(
    kinds: &mut Kinds,
    file: &str,
    object: &ObjectRef,
    kept: &MustStay,
) -> Result<Outcome, Error> {
    let Some((api, scope)) = kinds.api_of_any_version(object).await? else {
        return Ok(Outcome::NotOurs);
    };
    if let Some(outcome) = kept.stays(object, &scope) {
        return Ok(outcome);
    }
    let Some(found) = api.get_opt(&object.name).await? else {
        return Ok(Outcome::NotOurs);
    };
    if !is_applied_by_us(&found.metadata) {
        warn!(
            "{object} is in the list of what is to be removed, but the keeper did not make it: it stays"
        );
        return Ok(Outcome::NotOurs);
    }
    let Some(uid) = found.metadata.uid else {
        return Ok(Outcome::NotOurs);
    };
    if kept.applied.contains(&uid) {
        return Ok(Outcome::NotOurs);
    }
    if kept.guards(file, object) {
        return Ok(Outcome::HoldsData);
    }
    // Only the object that was looked at, not one that takes its name in between.
    let params = DeleteParams::background().preconditions(Preconditions {
        uid: Some(uid),
        resource_version: None,
    });
    match api.delete(&object.name, &params).await {
        Err(Error::Api(status)) if status.is_not_found() => Ok(Outcome::NotOurs),
        done => done.map(|_| Outcome::Removed),
    }
}

/// Whether the API server says that the keeper applied an object. The list of what it made lies in the cluster: alone it is not
/// believed, for whoever can write there could have anything deleted.
fn is_applied_by_us(metadata: &ObjectMeta) -> bool {
    let ours = |entry: &ManagedFieldsEntry| {
        entry.manager.as_deref() == Some(MANAGER)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
    };
    metadata.managed_fields.iter().flatten().any(ours)
}

#[cfg(test)]
mod tests {
    use super::{MustStay, Outcome};
    use crate::keeper::manifests::document::parse;
    use crate::keeper::manifests::inventory::Inventory;
    use kube::discovery::Scope;
    use std::collections::{BTreeSet, HashSet};

    fn inventory(text: &str) -> Inventory {
        Inventory::of(&parse("x.yaml", text).expect("valid"))
    }

    #[test]
    fn only_what_nobody_names_goes() {
        let ours = inventory("apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: web}\n");
        let theirs = inventory("apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n");
        let none = Inventory::default();
        let kept = MustStay::new([&ours, &theirs, &none], HashSet::new(), BTreeSet::new());
        let secret = |place: &str| format!("kind: Secret\nmetadata: {{{place}}}\n");
        let namespace = |name: &str| format!("kind: Namespace\nmetadata: {{name: {name}}}\n");
        for (case, text, outcome) in [
            (
                "named",
                secret("name: a, namespace: web"),
                Some(Outcome::NotOurs),
            ),
            ("elsewhere", secret("name: a"), None),
            (
                "the other set's, in other words",
                secret("name: b, namespace: default"),
                Some(Outcome::NotOurs),
            ),
            ("nobody's", secret("name: c"), None),
            ("still lived in", namespace("web"), Some(Outcome::Later)),
            ("empty", namespace("old"), None),
        ] {
            let gone = inventory(&format!("apiVersion: v1\n{text}"));
            let scope = if text.contains("Namespace") {
                Scope::Cluster
            } else {
                Scope::Namespaced
            };
            for object in gone.objects() {
                assert_eq!(kept.stays(object, &scope), outcome, "{case}");
            }
        }
    }

    #[test]
    fn data_goes_only_with_the_whole_file() {
        let kept = MustStay {
            standing: ["app.yaml".to_owned()].into(),
            ..MustStay::default()
        };
        let definition = "apiextensions.k8s.io/v1 CustomResourceDefinition";
        for (file, object, guarded) in [
            ("app.yaml", "v1 PersistentVolumeClaim", true),
            ("app.yaml", "v1 PersistentVolume", true),
            ("app.yaml", "v1 Namespace", true),
            ("app.yaml", definition, true),
            ("app.yaml", "apps/v1 Deployment", false),
            ("app.yaml", "example.dev/v1 Namespace", false),
            ("gone.yaml", "v1 PersistentVolumeClaim", false),
            ("gone.yaml", definition, false),
        ] {
            let (version, kind) = object.split_once(' ').expect("two words");
            let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n");
            for found in inventory(&text).objects() {
                assert_eq!(kept.guards(file, found), guarded, "{object} of {file}");
            }
        }
    }
}
