//! Names of objects, and when two of them mean the same one.

use kube::discovery::Scope;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which object a document describes, in the document's own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRef {
    /// For example `apps/v1`.
    pub api_version: String,
    /// For example `Deployment`.
    pub kind: String,
    /// Empty for what belongs to no namespace, and for documents that name none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// The API group, empty for the core one.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The namespace that an object of a namespaced kind is in.
    pub(super) fn place(&self) -> &str {
        match self.namespace.as_str() {
            "" => "default",
            named => named,
        }
    }

    /// Whether both are the same object in the cluster. Its API's version is only a way to write it, and so is a
    /// namespace that is left out, or that stands where there is none.
    pub(super) fn is(&self, other: &Self, scope: &Scope) -> bool {
        let beside = *scope == Scope::Namespaced && self.place() != other.place();
        self.group() == other.group()
            && self.kind == other.kind
            && self.name == other.name
            && !beside
    }

    /// Whether deleting this deletes `other`.
    pub(super) fn holds(&self, other: &Self) -> bool {
        (self.group(), self.kind.as_str()) == ("", "Namespace") && other.place() == self.name
    }

    /// Whether deleting this may delete somebody's data: its own, or that of what lives in it or is of its kind.
    pub(super) fn holds_data(&self) -> bool {
        matches!(
            (self.group(), self.kind.as_str()),
            (
                "",
                "PersistentVolumeClaim" | "PersistentVolume" | "Namespace"
            ) | ("apiextensions.k8s.io", "CustomResourceDefinition")
        )
    }

    /// What must exist before others can.
    pub(super) fn rank(&self) -> u8 {
        match (self.group(), self.kind.as_str()) {
            ("", "Namespace") => 0,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => 1,
            ("scheduling.k8s.io", "PriorityClass") => 2,
            _ => 3,
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{} ({})", self.name, self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectRef;
    use kube::discovery::Scope;

    /// `apiVersion kind namespace/name`.
    fn object(text: &str) -> ObjectRef {
        let words: Vec<&str> = text.split(' ').collect();
        let [api_version, kind, place] = words[..] else {
            panic!("not three words: {text}");
        };
        let (namespace, name) = place.split_once('/').expect("a slash");
        ObjectRef {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    #[test]
    fn one_object_has_many_names() {
        use Scope::{Cluster, Namespaced};
        for (case, one, other, scope, same) in [
            ("itself", "v1 Secret a/x", "v1 Secret a/x", Namespaced, true),
            (
                "a version raised",
                "autoscaling/v1 HorizontalPodAutoscaler a/x",
                "autoscaling/v2 HorizontalPodAutoscaler a/x",
                Namespaced,
                true,
            ),
            (
                "the default namespace said",
                "v1 PersistentVolumeClaim /x",
                "v1 PersistentVolumeClaim default/x",
                Namespaced,
                true,
            ),
            (
                "a namespace where there is none",
                "rbac.authorization.k8s.io/v1 ClusterRole a/x",
                "rbac.authorization.k8s.io/v1 ClusterRole /x",
                Cluster,
                true,
            ),
            ("moved", "v1 Secret a/x", "v1 Secret b/x", Namespaced, false),
            (
                "moved away",
                "v1 Secret /x",
                "v1 Secret b/x",
                Namespaced,
                false,
            ),
            (
                "renamed",
                "v1 Secret a/x",
                "v1 Secret a/y",
                Namespaced,
                false,
            ),
            (
                "another kind",
                "v1 Secret a/x",
                "v1 Service a/x",
                Namespaced,
                false,
            ),
            (
                "another group",
                "v1 Service a/x",
                "serving.knative.dev/v1 Service a/x",
                Namespaced,
                false,
            ),
        ] {
            let (one, other) = (object(one), object(other));
            assert_eq!(one.is(&other, &scope), same, "{case}");
            assert_eq!(other.is(&one, &scope), same, "{case}, the other way round");
        }
    }

    #[test]
    fn a_namespace_holds_what_is_in_it() {
        let web = object("v1 Namespace /web");
        assert!(web.holds(&object("v1 Secret web/x")));
        assert!(!web.holds(&object("v1 Secret /x")));
        assert!(!object("v1 Secret /web").holds(&object("v1 Secret web/x")));
    }
}
