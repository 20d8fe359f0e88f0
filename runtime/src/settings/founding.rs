//! What a cluster is founded with, and what of it a later configuration cannot change.
//!
//! Volumes on a node's disk go by the node's name; addresses of pods and Services, and the domain, stand in objects that
//! exist already. So the first `prepare` keeps them on state, and from then on they count, whatever the configuration says:
//! a node that goes on as it was is better than one without its volumes. Guarantee: written once, whole, and never again.

use super::identity::ClusterIdentity;
use crate::Paths;
use crate::file::{self, FileError, PlannedFile};
use os_config::{Config, NodeName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use thiserror::Error;

/// What a cluster is founded with. A field that this release does not know is let pass: an older release must be able to
/// start after a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// The node's name.
    pub node_name: NodeName,
    /// The cluster's networks and domain.
    #[serde(flatten)]
    pub cluster: ClusterIdentity,
}

/// What was kept cannot be used.
#[derive(Debug, Error)]
#[error(
    "cannot use {path}, which says what the cluster was founded with: restore it from a backup; or, if `config.yaml` names the node and its networks as it did then, remove it and restart"
)]
pub struct FoundingError {
    path: PathBuf,
    source: init_api::FileError,
}

impl Founding {
    /// What the node's cluster was founded with; none before the first `prepare`.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn load(paths: &Paths) -> Result<Option<Self>, FoundingError> {
        let path = paths.founding();
        init_api::load_if_present(&path).map_err(|source| FoundingError { path, source })
    }

    /// Writes it down, for good.
    pub(crate) fn store(&self, paths: &Paths) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(self).expect("four texts become JSON") + "\n";
        file::write_lasting_if_changed(&PlannedFile::new(paths.founding(), 0o600, text))
    }

    /// What of a configuration does not count. A host name that names no node is none of it: it renames the machine.
    pub fn overruled(&self, config: &Config) -> Vec<Overruled> {
        let asked = config.kubernetes.node_name.as_ref();
        let asked = asked.unwrap_or(&self.node_name);
        let name = overruled("kubernetes.node_name", asked, &self.node_name);
        name.into_iter()
            .chain(self.cluster.overruled(config))
            .collect()
    }

    /// The same for a person, a sentence each.
    pub fn overrules(&self, config: &Config) -> Vec<String> {
        let sentence = |Overruled { key, asked, kept }| {
            format!(
                "{key}: {asked} is ignored, for the cluster was founded with {kept} and cannot change it; \
                 write {kept} there, or make a new cluster (flash the machine again, or remove /var/lib/holdfast/cluster and restart)"
            )
        };
        self.overruled(config).into_iter().map(sentence).collect()
    }
}

impl ClusterIdentity {
    /// What of a configuration does not count in a cluster that is this one.
    pub fn overruled(&self, config: &Config) -> Vec<Overruled> {
        let asked = Self::of(config);
        [
            overruled("kubernetes.pod_cidr", &asked.pods, &self.pods),
            overruled("kubernetes.service_cidr", &asked.services, &self.services),
            overruled("kubernetes.cluster_domain", &asked.domain, &self.domain),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A value of a configuration that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overruled {
    /// The key.
    pub key: &'static str,
    /// What the configuration says.
    pub asked: String,
    /// What counts.
    pub kept: String,
}

fn overruled<T: PartialEq + ToString>(key: &'static str, asked: &T, kept: &T) -> Option<Overruled> {
    (asked != kept).then(|| Overruled {
        key,
        asked: asked.to_string(),
        kept: kept.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::Founding;
    use crate::{Paths, Settings};
    use std::fs;

    fn config(lines: &str) -> os_config::Config {
        let text = format!("version: 1\n{lines}");
        os_config::parse_config("config.yaml", text.as_bytes()).expect("sound")
    }

    #[test]
    fn what_a_configuration_cannot_change() {
        let kept = Settings::named("edge", "0.1.0").founding();
        for (case, lines, ignored) in [
            ("nothing", "", &[][..]),
            ("a host name renames the machine", "hostname: shop\n", &[]),
            ("the same name", "kubernetes: {node_name: edge}\n", &[]),
            (
                "another name",
                "kubernetes: {node_name: shop}\n",
                &["kubernetes.node_name: shop"],
            ),
            (
                "other networks",
                "kubernetes: {pod_cidr: 10.50.0.0/16, service_cidr: 10.51.0.0/16}\n",
                &[
                    "kubernetes.pod_cidr: 10.50.0.0/16",
                    "kubernetes.service_cidr: 10.51.0.0/16",
                ],
            ),
            (
                "another domain",
                "kubernetes: {cluster_domain: shop.local}\n",
                &["kubernetes.cluster_domain: shop.local"],
            ),
        ] {
            let config = config(lines);
            let told = kept.overrules(&config);
            assert_eq!(told.len(), ignored.len(), "{case}: {told:?}");
            for (told, start) in told.iter().zip(ignored) {
                assert!(
                    told.starts_with(start) && told.contains("is ignored"),
                    "{case}: {told}"
                );
            }
            let settings = Settings::of(&config, "shop", "0.1.0", Some(&kept));
            assert_eq!(settings.founding(), kept, "{case}");
        }
    }

    #[test]
    fn what_never_goes_through_a_proxy_are_the_networks_that_count() {
        let kept = Settings::named("edge", "0.1.0").founding();
        let lines =
            "network: {proxy: {http: \"http://p:1\"}}\nkubernetes: {pod_cidr: 10.50.0.0/16}\n";
        let settings = Settings::of(&config(lines), "edge", "0.1.0", Some(&kept));
        let direct = &settings.environment["NO_PROXY"];
        assert!(direct.contains("10.42.0.0/16"), "{direct}");
        assert!(!direct.contains("10.50.0.0/16"), "{direct}");
    }

    #[test]
    fn kept_and_read_again_also_by_an_older_release() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        assert_eq!(Founding::load(&paths).expect("none"), None);
        let kept = Settings::named("edge", "0.1.0").founding();
        kept.store(&paths).expect("kept");
        assert_eq!(Founding::load(&paths).expect("read"), Some(kept.clone()));
        let text = fs::read_to_string(paths.founding()).expect("read");
        fs::write(paths.founding(), text.replacen('{', "{\"later\": 1,", 1)).expect("write");
        assert_eq!(Founding::load(&paths).expect("read"), Some(kept));
        for (case, damaged) in [("empty", ""), ("half", "{\"node_name\": \"ed")] {
            fs::write(paths.founding(), damaged).expect("write");
            let error = Founding::load(&paths).expect_err(case).to_string();
            assert!(
                error.contains("founding.json") && error.contains("backup"),
                "{case}: {error}"
            );
        }
    }
}
