//! Whether every image that manifests name is in the bundle. Pure.

use crate::names::full_name;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that hold containers, in pods and in whatever holds the template of a pod: a custom resource, too.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Images that documents name, each with the documents that do. A name that is none is kept as it stands.
pub(crate) fn images_of<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, document) in documents {
        let mut names = Vec::new();
        walk(document, &mut names);
        for name in names {
            let name = full_name(&name).unwrap_or(name);
            found.entry(name).or_default().insert(place.to_owned());
        }
    }
    found
}

/// What is named and not there, a line for each with the manifests that name it.
pub(crate) fn missing(
    named: &BTreeMap<String, BTreeSet<String>>,
    there: &BTreeSet<String>,
    allowed: &BTreeSet<String>,
) -> Vec<String> {
    let is_missing = |name: &&String| !there.contains(*name) && !allowed.contains(*name);
    named
        .keys()
        .filter(is_missing)
        .map(|name| {
            let places: Vec<&str> = named[name].iter().map(String::as_str).collect();
            format!("  {name}, named in {}", places.join(", "))
        })
        .collect()
}

fn walk(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if CONTAINERS.contains(&name.as_str()) {
                    found.extend(images_in(value, "/image"));
                }
                if name == "volumes" {
                    found.extend(images_in(value, "/image/reference"));
                }
                walk(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

fn images_in<'a>(list: &'a Value, at: &'a str) -> impl Iterator<Item = String> + 'a {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(move |item| item.pointer(at)?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{images_of, missing};
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn images_of_pods_and_of_whatever_holds_a_pod() {
        let pod = json!({"kind": "Pod", "spec": {
            "containers": [{"name": "a", "image": "nginx"}, {"name": "b"}],
            "initContainers": [{"image": "busybox:1"}],
            "ephemeralContainers": [{"image": "debug:1"}],
            "volumes": [{"name": "v", "image": {"reference": "data:1"}}, {"name": "w", "emptyDir": {}}]}});
        let custom = json!({"kind": "Rollout", "spec": {"strategy": [{"podTemplate": {"spec": {
            "containers": [{"image": "quay.io/app:2"}]}}}]}});
        let definition = json!({"kind": "CustomResourceDefinition", "spec": {"schema": {"properties": {
            "containers": {"type": "array"}, "image": {"type": "string"}}}}});
        let other = json!({"kind": "ConfigMap", "data": {"image": "nobody/looks:1"}});
        let documents = [
            ("pod.yaml", &pod),
            ("custom.yaml", &custom),
            ("crd.yaml", &definition),
            ("map.yaml", &other),
        ];
        let found = images_of(documents);
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "docker.io/library/busybox:1",
                "docker.io/library/data:1",
                "docker.io/library/debug:1",
                "docker.io/library/nginx:latest",
                "quay.io/app:2"
            ]
        );
        let there = BTreeSet::from(["docker.io/library/nginx:latest".to_owned()]);
        let allowed = BTreeSet::from([
            "docker.io/library/busybox:1".to_owned(),
            "docker.io/library/data:1".to_owned(),
        ]);
        assert_eq!(
            missing(&found, &there, &allowed),
            [
                "  docker.io/library/debug:1, named in pod.yaml",
                "  quay.io/app:2, named in custom.yaml"
            ]
        );
    }

    #[test]
    fn what_is_no_name_is_missing_as_it_stands() {
        let pod = json!({"spec": {"containers": [{"image": "${IMAGE}"}]}});
        let found = images_of([("pod.yaml", &pod)]);
        let said = missing(&found, &BTreeSet::new(), &BTreeSet::new());
        assert_eq!(said, ["  ${IMAGE}, named in pod.yaml"]);
    }
}
