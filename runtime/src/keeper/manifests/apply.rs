//! Bringing the cluster in line with a set of manifest files.
//!
//! Flow: note in the inventory what is about to be made → apply → delete what no file names → note what is there.
//! Guarantees: whatever the keeper made is in the inventory, also when it is killed in between; nothing is deleted, and
//! nothing is struck from the inventory, by a picture that is not whole; and what holds data goes only with its whole file.

use super::document::{Document, ManifestProblem, in_order};
use super::inventory::{Inventory, ManifestSet};
use super::kinds::Kinds;
use super::object::ObjectRef;
use super::prune::{MustStay, Outcome, remove};
use super::sources::Desired;
use crate::keeper::context::MANAGER;
use crate::keeper::kube_error::explain;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, Error};
use serde_json::{Value, json};
use std::collections::HashSet;
use tracing::info;

/// Where the keeper records what it applied.
const INVENTORY_NAMESPACE: &str = "kube-system";

/// The annotation that names the file that an object comes from.
const FILE: &str = "holdfast.dev/manifest";

/// Applies manifests and remembers what the cluster calls things.
pub struct Applier {
    configs: Api<ConfigMap>,
    kinds: Kinds,
}

impl Applier {
    /// An applier that knows nothing yet.
    pub fn new(client: Client) -> Self {
        Self {
            configs: Api::namespaced(client.clone(), INVENTORY_NAMESPACE),
            kinds: Kinds::new(client),
        }
    }

    /// Brings the cluster in line with a set; gives what could not be done, for another try. `other` reads what the
    /// other set wants: that is left alone.
    ///
    /// # Errors
    /// An inventory cannot be read or written, so nothing may be applied or pruned.
    pub async fn bring_in_line(
        &mut self,
        set: ManifestSet,
        desired: Desired,
        other: impl FnOnce() -> Desired,
    ) -> Result<Vec<ManifestProblem>, Error> {
        let before = Inventory::load(&self.configs, set).await?;
        let now = Inventory::of(&desired.documents);
        let noted = before.with(&now);
        if noted != before {
            noted.store(&self.configs, set).await?;
        }
        let whole = desired.problems.is_empty();
        let mut problems = desired.problems;
        let applied = self.apply_all(desired.documents, &mut problems).await;
        let unnamed = before.unnamed(&now);
        if !whole {
            problems.extend((!unnamed.is_empty()).then(|| nothing_removed(set)));
            return Ok(problems);
        }
        let mut after = now.clone();
        if !unnamed.is_empty() {
            let (theirs, earlier) = self.desired_by(set.other(), &other()).await?;
            let kept = MustStay::new([&now, &theirs, &earlier], applied, desired.standing);
            for (file, object) in unnamed {
                match remove(&mut self.kinds, file, object, &kept).await {
                    Ok(Outcome::Removed) => info!("removed {object}, no longer in {file}"),
                    Ok(Outcome::NotOurs) => {}
                    Ok(Outcome::Later) => after.note(file, object),
                    Ok(Outcome::HoldsData) => {
                        after.note(file, object);
                        problems.push(data_kept(file, object));
                    }
                    Err(error) => {
                        self.kinds.doubt(object, &error);
                        after.note(file, object);
                        let reason = format!("{object} cannot be removed: {}", explain(&error));
                        problems.push(problem(file, reason));
                    }
                }
            }
        }
        if after != noted {
            after.store(&self.configs, set).await?;
        }
        Ok(problems)
    }

    /// What a set's files name, and, when not all can be read, what they named earlier. Not simply what its inventory
    /// has: of two sets that drop an object at once, each would leave it to the other.
    async fn desired_by(
        &self,
        set: ManifestSet,
        desired: &Desired,
    ) -> Result<(Inventory, Inventory), Error> {
        let earlier = if desired.problems.is_empty() {
            Inventory::default()
        } else {
            Inventory::load(&self.configs, set).await?
        };
        Ok((Inventory::of(&desired.documents), earlier))
    }

    /// Gives the UIDs of what is there now.
    async fn apply_all(
        &mut self,
        documents: Vec<Document>,
        problems: &mut Vec<ManifestProblem>,
    ) -> HashSet<String> {
        let mut applied = HashSet::new();
        for document in in_order(documents) {
            match self.apply(&document).await {
                Ok(uid) => applied.extend(uid),
                Err(error) => {
                    self.kinds.doubt(&document.object, &error);
                    problems.push(ManifestProblem {
                        reason: format!("{}: {}", document.object, explain(&error)),
                        file: document.file,
                        index: document.index,
                    });
                }
            }
        }
        applied
    }

    async fn apply(&mut self, document: &Document) -> Result<Option<String>, Error> {
        let (api, _) = self.kinds.api(&document.object).await?;
        let params = PatchParams::apply(MANAGER).force();
        let content = marked(document);
        let patch = Patch::Apply(&content);
        let there = api.patch(&document.object.name, &params, &patch).await?;
        Ok(there.metadata.uid)
    }
}

/// What the document says, with the name of its file. So the keeper has a field in whatever it applies, also in what has nothing
/// but a name: the API server notes who applied fields, not who applied objects.
fn marked(document: &Document) -> Value {
    let mut content = document.content.clone();
    let metadata = content
        .as_object_mut()
        .map(|object| object.entry("metadata").or_insert_with(|| json!({})));
    if let Some(Value::Object(metadata)) = metadata {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if annotations.is_null() {
            *annotations = json!({});
        }
        if let Value::Object(annotations) = annotations {
            annotations.insert(FILE.into(), document.file.as_str().into());
        }
    }
    content
}

fn problem(file: &str, reason: String) -> ManifestProblem {
    ManifestProblem {
        file: file.into(),
        index: 0,
        reason,
    }
}

fn nothing_removed(set: ManifestSet) -> ManifestProblem {
    let reason = "nothing is removed from the cluster until all of them can be read";
    problem(&format!("the {set} manifests"), reason.into())
}

fn data_kept(file: &str, object: &ObjectRef) -> ManifestProblem {
    let reason = format!(
        "{object} is no longer in it; it holds data, so it is kept: put it back, delete it with kubectl, or remove all of {file}"
    );
    problem(file, reason)
}
