//! Bringing the cluster in line with a set of manifest files.
//!
//! Flow: note in the inventory what is about to be made → apply → delete what vanished → note what is there. Guarantee:
//! whatever the keeper made is in the inventory, also when it is killed in between.

use super::document::{Document, ManifestProblem, ObjectRef, in_order};
use super::inventory::Inventory;
use super::{INVENTORY_NAMESPACE, MANAGER};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiResource, Scope, oneshot};
use kube::{Client, Error};
use std::collections::{BTreeSet, HashMap};
use tracing::info;

/// What the files of a set say, as far as they can be read.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The documents of all readable files.
    pub documents: Vec<Document>,
    /// What is wrong with the others.
    pub problems: Vec<ManifestProblem>,
}

/// Applies manifests and remembers what the cluster calls things.
pub struct Applier {
    client: Client,
    kinds: HashMap<(String, String), (ApiResource, Scope)>,
}

impl Applier {
    /// An applier that knows nothing yet.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            kinds: HashMap::new(),
        }
    }

    /// Brings the cluster in line with a set; gives what could not be done, for another try.
    ///
    /// # Errors
    /// The inventory cannot be read or written, so nothing may be applied or pruned.
    pub async fn bring_in_line(
        &mut self,
        set: &str,
        wanted: Wanted,
    ) -> Result<Vec<ManifestProblem>, Error> {
        let configs: Api<ConfigMap> = Api::namespaced(self.client.clone(), INVENTORY_NAMESPACE);
        let before = Inventory::load(&configs, set).await?;
        let mut problems = wanted.problems;
        let unreadable: BTreeSet<String> = problems.iter().map(|p| p.file.clone()).collect();
        let mut now = Inventory::default();
        for document in &wanted.documents {
            now.0
                .entry(document.file.clone())
                .or_default()
                .insert(document.object.clone());
        }
        let noted = before.with(&now);
        if noted != before {
            noted.store(&configs, set).await?;
        }
        for document in in_order(wanted.documents) {
            if let Err(error) = self.apply(&document).await {
                problems.push(ManifestProblem {
                    file: document.file.clone(),
                    index: document.index,
                    reason: format!("{}: {}", document.object, words(&error)),
                });
            }
        }
        let mut after = now;
        for file in &unreadable {
            let kept = before.0.get(file).cloned().unwrap_or_default();
            after.0.entry(file.clone()).or_default().extend(kept);
        }
        for (file, object) in before.vanished(&after, &unreadable) {
            match self.delete(&object).await {
                Ok(()) => info!("removed {object}, no longer in {file}"),
                Err(error) => {
                    after
                        .0
                        .entry(file.clone())
                        .or_default()
                        .insert(object.clone());
                    let reason = format!("{object} cannot be removed: {}", words(&error));
                    problems.push(ManifestProblem {
                        file,
                        index: 0,
                        reason,
                    });
                }
            }
        }
        if after != noted {
            after.store(&configs, set).await?;
        }
        Ok(problems)
    }

    async fn apply(&mut self, document: &Document) -> Result<(), Error> {
        let api = self.api(&document.object).await?;
        let params = PatchParams::apply(MANAGER).force();
        api.patch(
            &document.object.name,
            &params,
            &Patch::Apply(&document.content),
        )
        .await
        .map(drop)
    }

    async fn delete(&mut self, object: &ObjectRef) -> Result<(), Error> {
        let api = match self.api(object).await {
            Ok(api) => api,
            // Its kind went away, and all objects of it.
            Err(Error::Api(status)) if status.is_not_found() => return Ok(()),
            Err(Error::Discovery(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match api.delete(&object.name, &DeleteParams::background()).await {
            Err(Error::Api(status)) if status.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    async fn api(&mut self, object: &ObjectRef) -> Result<Api<DynamicObject>, Error> {
        let key = (object.api_version.clone(), object.kind.clone());
        let known = match self.kinds.get(&key) {
            Some(known) => known.clone(),
            None => {
                let version = object.api_version.rsplit('/').next().unwrap_or_default();
                let gvk = GroupVersionKind::gvk(object.group(), version, &object.kind);
                let (resource, capabilities) = oneshot::pinned_kind(&self.client, &gvk).await?;
                let found = (resource, capabilities.scope);
                self.kinds.insert(key, found.clone());
                found
            }
        };
        let (resource, scope) = known;
        let client = self.client.clone();
        Ok(match (scope, object.namespace.as_str()) {
            (Scope::Cluster, _) => Api::all_with(client, &resource),
            (Scope::Namespaced, "") => Api::namespaced_with(client, "default", &resource),
            (Scope::Namespaced, namespace) => Api::namespaced_with(client, namespace, &resource),
        })
    }
}

/// An error in words, without the debug dump that kube's own text carries.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Api(status) => status.message.clone(),
        Error::Discovery(_) => {
            "the cluster does not know this kind (yet): is its definition missing?".into()
        }
        other => other.to_string(),
    }
}
