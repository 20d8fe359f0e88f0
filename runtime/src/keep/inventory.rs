//! What was applied from which file, so that it can be pruned. Kept in the cluster, because it is about the cluster: a
//! restored database brings its own.

use super::document::ObjectRef;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, Patch, PatchParams};
use std::collections::{BTreeMap, BTreeSet};

const KEY: &str = "objects.json";

/// Objects by file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Inventory(pub(super) BTreeMap<String, BTreeSet<ObjectRef>>);

impl Inventory {
    /// Every object in it, once.
    pub(super) fn objects(&self) -> BTreeSet<&ObjectRef> {
        self.0.values().flatten().collect()
    }

    /// Both together.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (file, objects) in &other.0 {
            all.0
                .entry(file.clone())
                .or_default()
                .extend(objects.iter().cloned());
        }
        all
    }

    /// What was there and is not wanted any more. Files in `unreadable` keep what they had: a typing error must not
    /// take a workload away.
    pub(super) fn vanished(
        &self,
        wanted: &Self,
        unreadable: &BTreeSet<String>,
    ) -> Vec<(String, ObjectRef)> {
        let kept = wanted.objects();
        let gone = |(file, objects): (&String, &BTreeSet<ObjectRef>)| {
            let objects = if unreadable.contains(file) {
                Vec::new()
            } else {
                objects.iter().collect()
            };
            let file = file.clone();
            let kept = &kept;
            let gone = objects.into_iter().filter(move |o| !kept.contains(o));
            gone.map(move |o| (file.clone(), o.clone()))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(gone).collect()
    }

    /// Reads the inventory of a set; empty if there is none.
    pub(super) async fn load(configs: &Api<ConfigMap>, set: &str) -> Result<Self, kube::Error> {
        let Some(found) = configs.get_opt(&object_name(set)).await? else {
            return Ok(Self::default());
        };
        let text = found.data.as_ref().and_then(|data| data.get(KEY));
        let parse = |text: &String| serde_json::from_str(text).map_err(kube::Error::SerdeError);
        text.map_or(Ok(Self::default()), |text| parse(text).map(Self))
    }

    /// Writes the inventory of a set.
    pub(super) async fn store(
        &self,
        configs: &Api<ConfigMap>,
        set: &str,
    ) -> Result<(), kube::Error> {
        let filled: BTreeMap<_, _> = self
            .0
            .iter()
            .filter(|(_, objects)| !objects.is_empty())
            .collect();
        let text = serde_json::to_string(&filled).map_err(kube::Error::SerdeError)?;
        let name = object_name(set);
        let object = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(KEY.to_owned(), text)])),
            ..ConfigMap::default()
        };
        let params = PatchParams::apply(super::MANAGER).force();
        configs
            .patch(&name, &params, &Patch::Apply(&object))
            .await
            .map(drop)
    }
}

fn object_name(set: &str) -> String {
    format!("holdfast-manifests-{set}")
}

#[cfg(test)]
mod tests {
    use super::Inventory;
    use crate::keep::document::ObjectRef;
    use std::collections::BTreeSet;

    fn object(name: &str) -> ObjectRef {
        ObjectRef {
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            namespace: "default".into(),
            name: name.into(),
        }
    }

    fn inventory(files: &[(&str, &[&str])]) -> Inventory {
        let objects = |names: &[&str]| names.iter().map(|n| object(n)).collect();
        Inventory(
            files
                .iter()
                .map(|(file, names)| ((*file).to_owned(), objects(names)))
                .collect(),
        )
    }

    #[test]
    fn what_vanishes_is_pruned_and_nothing_else() {
        let before = inventory(&[("a", &["x", "y"]), ("b", &["z"])]);
        for (case, wanted, unreadable, gone) in [
            (
                "nothing changed",
                inventory(&[("a", &["x", "y"]), ("b", &["z"])]),
                "",
                "",
            ),
            (
                "a document less",
                inventory(&[("a", &["x"]), ("b", &["z"])]),
                "",
                "y",
            ),
            ("a file less", inventory(&[("a", &["x", "y"])]), "", "z"),
            (
                "moved to another file",
                inventory(&[("a", &["x"]), ("b", &["z", "y"])]),
                "",
                "",
            ),
            ("unreadable for now", inventory(&[("b", &["z"])]), "a", ""),
        ] {
            let unreadable: BTreeSet<String> = [unreadable.to_owned()].into();
            let names: Vec<_> = before
                .vanished(&wanted, &unreadable)
                .into_iter()
                .map(|(_, o)| o.name)
                .collect();
            assert_eq!(names.join(","), gone, "{case}");
        }
    }
}
