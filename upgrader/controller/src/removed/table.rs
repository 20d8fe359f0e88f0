//! Which APIs Kubernetes takes away, and when, as far as the one of this release has it in its sources: `APILifecycleRemoved` of
//! the types in `k8s.io/api`, the same as the API server's metric has as `removed_release`. None of these is served unless somebody
//! switched it on (`runtime-config`).

use init_api::Minor;

/// An API that goes, with the resources that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) resources: &'static [&'static str],
    /// The first minor release without it.
    removed_in: &'static str,
}

const fn gone(
    group: &'static str,
    version: &'static str,
    resources: &'static [&'static str],
    removed_in: &'static str,
) -> Gone {
    Gone {
        group,
        version,
        resources,
        removed_in,
    }
}

const DEVICES: &[&str] = &[
    "deviceclasses",
    "resourceclaims",
    "resourceclaimtemplates",
    "resourceslices",
];
const MUTATING: &[&str] = &[
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
];

/// Up to three minor releases ahead; a release moves by one. The controller's role lets it list these.
const ALL: [Gone; 12] = [
    gone(
        "certificates.k8s.io",
        "v1alpha1",
        &["clustertrustbundles"],
        "1.37",
    ),
    gone(
        "networking.k8s.io",
        "v1beta1",
        &["ipaddresses", "servicecidrs"],
        "1.37",
    ),
    gone(
        "storage.k8s.io",
        "v1beta1",
        &["volumeattributesclasses"],
        "1.37",
    ),
    gone("admissionregistration.k8s.io", "v1alpha1", MUTATING, "1.38"),
    gone(
        "coordination.k8s.io",
        "v1alpha2",
        &["leasecandidates"],
        "1.38",
    ),
    gone("resource.k8s.io", "v1beta1", DEVICES, "1.38"),
    gone(
        "coordination.k8s.io",
        "v1beta1",
        &["leasecandidates"],
        "1.39",
    ),
    gone("resource.k8s.io", "v1alpha3", &["devicetaintrules"], "1.39"),
    gone("resource.k8s.io", "v1beta2", DEVICES, "1.39"),
    gone("admissionregistration.k8s.io", "v1beta1", MUTATING, "1.40"),
    gone(
        "certificates.k8s.io",
        "v1beta1",
        &["clustertrustbundles", "podcertificaterequests"],
        "1.40",
    ),
    gone(
        "storagemigration.k8s.io",
        "v1beta1",
        &["storageversionmigrations"],
        "1.40",
    ),
];

impl Gone {
    /// The first minor release without it; none if the table is wrong, which a test forbids.
    pub(super) fn removed_in(&self) -> Option<Minor> {
        self.removed_in.parse().ok()
    }

    /// As objects name it.
    pub(super) fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

/// What is there in one Kubernetes and is not in the other.
pub(super) fn between(served: Minor, wanted: Minor) -> impl Iterator<Item = &'static Gone> {
    ALL.iter().filter(move |gone| {
        let removed = gone.removed_in();
        removed.is_some_and(|removed| served < removed && removed <= wanted)
    })
}

/// Whether a resource loses a version of its API, now or later.
pub(super) fn goes(group: &str, version: &str, resource: &str) -> bool {
    ALL.iter().any(|gone| {
        gone.group == group && gone.version == version && gone.resources.contains(&resource)
    })
}

#[cfg(test)]
mod tests {
    use super::{ALL, between, goes};
    use init_api::Minor;

    fn minor(text: &str) -> Minor {
        text.parse().expect("a minor")
    }

    #[test]
    fn what_goes_between_two_minors() {
        let names = |served: &str, wanted: &str| -> Vec<String> {
            let gone = between(minor(served), minor(wanted));
            gone.map(super::Gone::api_version).collect()
        };
        assert_eq!(names("1.37", "1.37"), Vec::<String>::new());
        assert_eq!(names("1.38", "1.37"), Vec::<String>::new());
        assert_eq!(
            names("1.36", "1.37"),
            [
                "certificates.k8s.io/v1alpha1",
                "networking.k8s.io/v1beta1",
                "storage.k8s.io/v1beta1"
            ]
        );
        assert_eq!(names("1.37", "1.38").len(), 3);
        let (group, classes) = ("resource.k8s.io", "deviceclasses");
        assert!(goes(group, "v1beta1", classes) && goes(group, "v1beta2", classes));
        assert!(!goes(group, "v1", classes) && !goes(group, "v1beta1", "podgroups"));
        assert!(ALL.iter().all(|gone| gone.removed_in().is_some()));
    }

    /// An engine with a newer Kubernetes knows of more that goes: then the table is to be read from its sources again.
    #[test]
    fn the_table_knows_the_next_minor() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtime/engine/go.mod");
        let modules = std::fs::read_to_string(path).expect("the engine's modules");
        let lines = modules.lines().map(str::trim);
        let mut versions = lines.filter_map(|line| line.strip_prefix("k8s.io/kubernetes v"));
        let engine = versions.next().expect("the engine has a Kubernetes");
        let last = ALL.iter().filter_map(super::Gone::removed_in).max();
        assert!(last.expect("a last one") > minor(engine), "engine {engine}");
    }

    #[test]
    fn the_role_lets_the_controller_list_all_of_them() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../runtime/manifests/upgrade-controller.yaml"
        );
        let manifest = std::fs::read_to_string(path).expect("the manifest");
        for gone in ALL {
            let begin = format!("  - apiGroups: [{}]\n    resources: [", gone.group);
            let rule = manifest.split_once(&begin).expect(gone.group).1;
            let (resources, verbs) = rule.split_once("]\n").expect("a rule");
            assert!(verbs.starts_with("    verbs: [list]\n"), "{}", gone.group);
            for resource in gone.resources {
                assert!(
                    resources.split(", ").any(|it| it == *resource),
                    "{resource}"
                );
            }
        }
    }
}
