//! What the cluster calls kinds, and whether they have namespaces.

use super::object::ObjectRef;
use kube::api::{Api, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiResource, Scope, oneshot};
use kube::{Client, Error};
use std::collections::HashMap;

/// Kinds that were asked for, remembered.
pub(super) struct Kinds {
    client: Client,
    known: HashMap<(String, String), (ApiResource, Scope)>,
}

impl Kinds {
    /// Knows nothing yet.
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            known: HashMap::new(),
        }
    }

    /// Where an object is, in the version that it is written in.
    pub(super) async fn api(
        &mut self,
        object: &ObjectRef,
    ) -> Result<(Api<DynamicObject>, Scope), Error> {
        let key = (object.api_version.clone(), object.kind.clone());
        let found = match self.known.get(&key) {
            Some(known) => known.clone(),
            None => {
                let version = object.api_version.rsplit('/').next().unwrap_or_default();
                let gvk = GroupVersionKind::gvk(object.group(), version, &object.kind);
                let (resource, capabilities) = oneshot::pinned_kind(&self.client, &gvk).await?;
                let found = (resource, capabilities.scope);
                self.known.insert(key, found.clone());
                found
            }
        };
        Ok(self.within(object, found))
    }

    /// Where an object is, in whatever version the cluster has; nothing if its kind went away, and with it all objects.
    pub(super) async fn api_of_any_version(
        &mut self,
        object: &ObjectRef,
    ) -> Result<Option<(Api<DynamicObject>, Scope)>, Error> {
        match self.api(object).await {
            Err(error) if is_unknown(&error) => {}
            found => return found.map(Some),
        }
        let group = match oneshot::group(&self.client, object.group()).await {
            Err(error) if is_unknown(&error) => return Ok(None),
            group => group?,
        };
        let found = group.recommended_kind(&object.kind);
        Ok(found.map(|(resource, can)| self.within(object, (resource, can.scope))))
    }

    /// Asks for a kind anew the next time, if an error may come from what is remembered: its definition changed or went.
    pub(super) fn doubt(&mut self, object: &ObjectRef, error: &Error) {
        if is_unknown(error) {
            let of = |(version, kind): &(String, String)| {
                *version == object.api_version && *kind == object.kind
            };
            self.known.retain(|key, _| !of(key));
        }
    }

    fn within(
        &self,
        object: &ObjectRef,
        (resource, scope): (ApiResource, Scope),
    ) -> (Api<DynamicObject>, Scope) {
        let client = self.client.clone();
        let api = match scope {
            Scope::Cluster => Api::all_with(client, &resource),
            Scope::Namespaced => Api::namespaced_with(client, object.place(), &resource),
        };
        (api, scope)
    }
}

fn is_unknown(error: &Error) -> bool {
    match error {
        // Not `is_not_found`: what the API server says about paths that it does not have is no `Status`.
        Error::Api(status) => status.code == 404,
        Error::Discovery(_) => true,
        _ => false,
    }
}
