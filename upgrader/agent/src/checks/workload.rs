//! Asking the cluster for a workload.

use anyhow::{Context, bail};
use init_api::WorkloadKind;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use std::path::PathBuf;

/// The cluster, as its administrator on this node sees it.
pub(super) struct Workloads {
    kubeconfig: PathBuf,
}

/// How many pods a workload has, of those that it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    wanted: i32,
    /// Of its newest form.
    updated: i32,
    available: i32,
    /// What it says is about its newest form.
    seen: bool,
}

impl Count {
    fn is_complete(self) -> bool {
        self.seen && self.updated >= self.wanted && self.available >= self.wanted
    }
}

impl Workloads {
    pub(super) fn seen_with(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig }
    }

    /// Whether it has all the pods that it wants.
    ///
    /// # Errors
    /// It does not, or the cluster does not say; says what is missing.
    pub(super) async fn is_complete(
        &self,
        kind: WorkloadKind,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<()> {
        let client = self.client().await?;
        let count = match kind {
            WorkloadKind::Deployment => {
                let api: Api<Deployment> = Api::namespaced(client, namespace);
                deployment(&api.get(name).await?)
            }
            WorkloadKind::StatefulSet => {
                let api: Api<StatefulSet> = Api::namespaced(client, namespace);
                stateful_set(&api.get(name).await?)
            }
            WorkloadKind::DaemonSet => {
                let api: Api<DaemonSet> = Api::namespaced(client, namespace);
                daemon_set(&api.get(name).await?)
            }
        };
        if !count.is_complete() {
            bail!("{} of {} pods are available", count.available, count.wanted);
        }
        Ok(())
    }

    async fn client(&self) -> anyhow::Result<Client> {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig)
            .context("the cluster's credentials are not there")?;
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.default_retry = false;
        Ok(Client::try_from(config)?)
    }
}

fn seen(generation: Option<i64>, observed: Option<i64>) -> bool {
    observed >= generation
}

fn deployment(of: &Deployment) -> Count {
    let wanted = of.spec.replicas;
    let status = of.status.clone().unwrap_or_default();
    Count {
        wanted: wanted.unwrap_or(1),
        updated: status.updated_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        seen: seen(of.metadata.generation, status.observed_generation),
    }
}

fn stateful_set(of: &StatefulSet) -> Count {
    let wanted = of.spec.replicas;
    let status = of.status.clone().unwrap_or_default();
    Count {
        wanted: wanted.unwrap_or(1),
        updated: status.updated_replicas.unwrap_or(0),
        available: status.available_replicas.unwrap_or(0),
        seen: seen(of.metadata.generation, status.observed_generation),
    }
}

fn daemon_set(of: &DaemonSet) -> Count {
    let status = of.status.clone().unwrap_or_default();
    Count {
        wanted: status.desired_number_scheduled,
        updated: status.updated_number_scheduled.unwrap_or(0),
        available: status.number_available.unwrap_or(0),
        seen: seen(of.metadata.generation, status.observed_generation),
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, daemon_set, deployment};
    use serde_json::{Value, json};

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("a workload")
    }

    #[test]
    fn a_workload_is_there_when_all_pods_of_its_newest_form_are() {
        for (case, spec, status, complete) in [
            ("new", json!({"replicas": 2}), json!({}), false),
            (
                "half",
                json!({"replicas": 2}),
                json!({"observedGeneration": 3, "updatedReplicas": 2, "availableReplicas": 1}),
                false,
            ),
            (
                "all",
                json!({"replicas": 2}),
                json!({"observedGeneration": 3, "updatedReplicas": 2, "availableReplicas": 2}),
                true,
            ),
            (
                "all of an older form",
                json!({"replicas": 2}),
                json!({"observedGeneration": 3, "updatedReplicas": 1, "availableReplicas": 2}),
                false,
            ),
            (
                "not looked at since it was changed",
                json!({"replicas": 2}),
                json!({"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2}),
                false,
            ),
            (
                "none wanted",
                json!({"replicas": 0}),
                json!({"observedGeneration": 3}),
                true,
            ),
        ] {
            let mut spec = spec;
            spec["selector"] = json!({});
            spec["template"] = json!({});
            let text = json!({"metadata": {"generation": 3}, "spec": spec, "status": status});
            assert_eq!(deployment(&read(text)).is_complete(), complete, "{case}");
        }
        let set = json!({"metadata": {"generation": 1}, "status": {
            "currentNumberScheduled": 1, "numberMisscheduled": 0, "numberReady": 1,
            "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1, "observedGeneration": 1}});
        let count = Count {
            wanted: 1,
            updated: 1,
            available: 1,
            seen: true,
        };
        assert_eq!(daemon_set(&read(set)), count);
    }
}
