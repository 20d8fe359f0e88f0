//! What was applied from which file, so that it can be pruned. MustStay in the cluster, because it is about the cluster: a
//! restored database brings its own.

use super::document::Document;
use super::object::ObjectRef;
use crate::keeper::context::MANAGER;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, Patch, PatchParams};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const KEY: &str = "objects.json";

/// Manifests that are pruned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestSet {
    /// Those that come with the image.
    Packaged,
    /// The user's.
    User,
}

impl ManifestSet {
    /// The one that this one must leave alone.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Packaged => Self::User,
            Self::User => Self::Packaged,
        }
    }

    fn object_name(self) -> String {
        format!("holdfast-manifests-{self}")
    }
}

impl fmt::Display for ManifestSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packaged => "packaged",
            Self::User => "user",
        })
    }
}

/// Objects by file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Inventory(pub(super) BTreeMap<String, BTreeSet<ObjectRef>>);

impl Inventory {
    /// What documents describe.
    pub(super) fn of(documents: &[Document]) -> Self {
        let mut all = Self::default();
        for document in documents {
            all.note(&document.file, &document.object);
        }
        all
    }

    /// Every object in it, once.
    pub(super) fn objects(&self) -> BTreeSet<&ObjectRef> {
        self.0.values().flatten().collect()
    }

    /// Puts an object into it.
    pub(super) fn note(&mut self, file: &str, object: &ObjectRef) {
        let objects = self.0.entry(file.to_owned()).or_default();
        objects.insert(object.clone());
    }

    /// Both together.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (file, objects) in &other.0 {
            objects.iter().for_each(|object| all.note(file, object));
        }
        all
    }

    /// What `now` does not name any more, in these words; it may do so in others. With the file that it was in.
    pub(super) fn unnamed(&self, now: &Self) -> Vec<(&String, &ObjectRef)> {
        let named = now.objects();
        let all = self
            .0
            .iter()
            .flat_map(|(file, objects)| objects.iter().map(move |object| (file, object)));
        all.filter(|(_, object)| !named.contains(object)).collect()
    }

    /// Reads the inventory of a set; empty if there is none.
    pub(super) async fn load(
        configs: &Api<ConfigMap>,
        set: ManifestSet,
    ) -> Result<Self, kube::Error> {
        let Some(found) = configs.get_opt(&set.object_name()).await? else {
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
        set: ManifestSet,
    ) -> Result<(), kube::Error> {
        let filled: BTreeMap<_, _> = self
            .0
            .iter()
            .filter(|(_, objects)| !objects.is_empty())
            .collect();
        let text = serde_json::to_string(&filled).map_err(kube::Error::SerdeError)?;
        let name = set.object_name();
        let object = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(KEY.to_owned(), text)])),
            ..ConfigMap::default()
        };
        let params = PatchParams::apply(MANAGER).force();
        configs
            .patch(&name, &params, &Patch::Apply(&object))
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::Inventory;
    use crate::keeper::manifests::object::ObjectRef;

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
    fn what_is_not_named_any_more() {
        let before = inventory(&[("a", &["x", "y"]), ("b", &["z"])]);
        for (case, now, unnamed) in [
            (
                "nothing changed",
                inventory(&[("a", &["x", "y"]), ("b", &["z"])]),
                "",
            ),
            (
                "a document less",
                inventory(&[("a", &["x"]), ("b", &["z"])]),
                "a:y",
            ),
            ("a file less", inventory(&[("a", &["x", "y"])]), "b:z"),
            (
                "moved to another file",
                inventory(&[("a", &["x"]), ("b", &["z", "y"])]),
                "",
            ),
        ] {
            let shown: Vec<_> = before
                .unnamed(&now)
                .into_iter()
                .map(|(file, object)| format!("{file}:{}", object.name))
                .collect();
            assert_eq!(shown.join(","), unnamed, "{case}");
        }
    }
}
