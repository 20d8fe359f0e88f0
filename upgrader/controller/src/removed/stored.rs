//! Objects that somebody wrote by an API that goes. They stay, and are there by a newer version of it; but whoever wrote them so, and
//! has not since the API server started, will fail the next time. The API server keeps with each object who wrote it last, and by
//! which version (`managedFields`); only that is read.

use super::api::{RemovedApi, Seen};
use super::table::{Gone, between, goes};
use init_api::Minor;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, ManagedFieldsEntry, ObjectMeta};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::{Client, Error};
use std::collections::BTreeMap;
use tracing::warn;

/// Objects of a page, and pages of a resource: whoever has more of one is told of those in the first.
const PAGE: u32 = 500;
const PAGES: usize = 10;

/// Objects that were last written by an API which the wanted Kubernetes has no more.
///
/// # Errors
/// The API server does not answer.
pub(super) async fn still_stored(client: &Client, wanted: Minor) -> Result<Vec<RemovedApi>, Error> {
    let version = client.apiserver_version().await?.git_version;
    let Ok(served) = version.parse::<Minor>() else {
        return Ok(Vec::new());
    };
    let mut going = between(served, wanted).peekable();
    if going.peek().is_none() {
        return Ok(Vec::new());
    }
    let groups = client.list_api_groups().await?.groups;
    let mut found = Vec::new();
    for gone in going {
        let Some(removed_in) = gone.removed_in() else {
            continue;
        };
        for resource in gone.resources {
            let versions = staying(&groups, gone.group, resource);
            let names = written(client, gone, resource, &versions).await?;
            let seen = Seen::Written;
            found.extend(names.into_iter().map(|name| RemovedApi {
                name,
                removed_in,
                seen,
            }));
        }
    }
    Ok(found)
}

/// The objects of a resource that were last written by the API that goes, read by the first of these versions that has it.
async fn written(
    client: &Client,
    gone: &Gone,
    resource: &str,
    versions: &[String],
) -> Result<Vec<String>, Error> {
    for version in versions {
        if let Some(resource) = served_by(client, gone.group, version, resource).await? {
            return list(client, &resource, &gone.api_version()).await;
        }
    }
    Ok(Vec::new())
}

/// The versions of a group by which a resource can be read, the preferred one first. One that goes, now or later, is not among
/// them: the API server would count us.
fn staying(groups: &[APIGroup], name: &str, resource: &str) -> Vec<String> {
    let group = groups.iter().find(|group| group.name == name);
    let versions = group.into_iter().flat_map(|group| &group.versions);
    let versions = versions.map(|it| it.version.clone());
    versions
        .filter(|version| !goes(name, version, resource))
        .collect()
}

async fn served_by(
    client: &Client,
    group: &str,
    version: &str,
    resource: &str,
) -> Result<Option<ApiResource>, Error> {
    let api_version = format!("{group}/{version}");
    let list = client.list_api_group_resources(&api_version).await?;
    let found = list.resources.into_iter().find(|it| it.name == resource);
    Ok(found.map(|found| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version,
        kind: found.kind,
        plural: found.name,
    }))
}

/// The objects of a resource that were last written by this version.
async fn list(client: &Client, resource: &ApiResource, by: &str) -> Result<Vec<String>, Error> {
    let all: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    let mut params = ListParams::default().limit(PAGE);
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = match all.list_metadata(&params).await {
            Ok(page) => page,
            // A server whose release is older may have the role as that one has it.
            Err(Error::Api(status)) if status.is_forbidden() => {
                warn!("{} are not looked at: {}", resource.plural, status.message);
                break;
            }
            Err(error) => return Err(error),
        };
        let objects = page.items.iter().map(|object| &object.metadata);
        found.extend(objects.filter_map(|object| written_by(object, &resource.plural, by)));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => break,
        }
    }
    Ok(found)
}

/// The object, and who wrote it by this version and by none since.
fn written_by(object: &ObjectMeta, resource: &str, by: &str) -> Option<String> {
    let entries = object.managed_fields.iter().flatten();
    let mut last: BTreeMap<&str, &ManagedFieldsEntry> = BTreeMap::new();
    for entry in entries {
        let manager = entry.manager.as_deref().unwrap_or_default();
        let newer = |known: &&ManagedFieldsEntry| known.time.as_ref() >= entry.time.as_ref();
        if last.get(manager).is_none_or(|known| !newer(known)) {
            last.insert(manager, entry);
        }
    }
    let mut writers = last.iter();
    let is_by = |entry: &ManagedFieldsEntry| entry.api_version.as_deref() == Some(by);
    let (manager, _) = writers.find(|(_, entry)| is_by(entry))?;
    let name = object.name.as_deref().unwrap_or_default();
    let place = match &object.namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    };
    Some(format!("{resource} {place} of {by} (by {manager})"))
}

#[cfg(test)]
mod tests {
    use super::{staying, written_by};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, ObjectMeta};
    use serde_json::json;

    #[test]
    fn who_wrote_an_object_last_and_by_which_version() {
        let entry = |manager: &str, version: &str, time: &str| {
            json!({ "manager": manager, "operation": "Update", "apiVersion": format!("networking.k8s.io/{version}"),
                "time": format!("2026-11-28T{time}:00Z"), "fieldsType": "FieldsV1", "fieldsV1": {} })
        };
        let old = entry("helm", "v1beta1", "10:00");
        for (name, fields, expected) in [
            ("nobody", json!([]), None),
            ("the newer one", json!([entry("helm", "v1", "10:00")]), None),
            ("the one that goes", json!([old]), Some("helm")),
            (
                "another too",
                json!([entry("kubectl", "v1", "11:00"), old]),
                Some("helm"),
            ),
            (
                "not since",
                json!([old, entry("helm", "v1", "11:00")]),
                None,
            ),
            (
                "not since, the other way round",
                json!([entry("helm", "v1", "11:00"), old]),
                None,
            ),
            (
                "again",
                json!([entry("helm", "v1", "09:00"), old]),
                Some("helm"),
            ),
        ] {
            let object = json!({ "name": "office", "managedFields": fields });
            let object: ObjectMeta = serde_json::from_value(object).expect("metadata");
            let expected = expected.map(|manager| {
                format!("servicecidrs office of networking.k8s.io/v1beta1 (by {manager})")
            });
            let found = written_by(&object, "servicecidrs", "networking.k8s.io/v1beta1");
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn objects_are_read_by_a_version_that_stays() {
        let group = json!([{ "name": "resource.k8s.io", "versions": [
            { "groupVersion": "resource.k8s.io/v1beta1", "version": "v1beta1" },
            { "groupVersion": "resource.k8s.io/v1beta2", "version": "v1beta2" },
            { "groupVersion": "resource.k8s.io/v1", "version": "v1" },
        ] }]);
        let groups: Vec<APIGroup> = serde_json::from_value(group).expect("groups");
        for (group, resource, expected) in [
            ("resource.k8s.io", "deviceclasses", &["v1"][..]),
            (
                "resource.k8s.io",
                "devicetaintrules",
                &["v1beta1", "v1beta2", "v1"],
            ),
            ("storage.k8s.io", "deviceclasses", &[]),
        ] {
            let found = staying(&groups, group, resource);
            assert_eq!(found, expected, "{resource} of {group}");
        }
    }
}
