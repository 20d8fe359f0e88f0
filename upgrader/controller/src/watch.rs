//! What the API server has, followed.

use crate::facts::{Cordon, Drained, Fleet, GivenBack, NodeFacts};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Notify;
use tracing::warn;
use upgrade_crd::{CORDONED, GIVEN_BACK, NodeUpgrade, Upgrade};

/// The label of a node that is part of the control plane.
const SERVER: &str = "node-role.kubernetes.io/control-plane";

/// What is followed.
pub(crate) struct Followed {
    upgrades: Store<Upgrade>,
    asked: Store<NodeUpgrade>,
    nodes: Store<Node>,
    /// Rung whenever something changed.
    pub(crate) changed: Arc<Notify>,
}

impl Followed {
    /// Begins to follow; the future has to be driven.
    pub(crate) fn begin(client: &Client) -> (Self, impl Future<Output = ()> + use<>) {
        let changed = Arc::new(Notify::new());
        let (upgrades, first) = follow::<Upgrade>(client, &changed, |_| ());
        let (asked, second) = follow::<NodeUpgrade>(client, &changed, |_| ());
        let (nodes, third) = follow::<Node>(client, &changed, slim);
        let driven = async move {
            tokio::join!(first, second, third);
        };
        let followed = Self {
            upgrades,
            asked,
            nodes,
            changed,
        };
        (followed, driven)
    }

    /// Returns when everything was seen once.
    pub(crate) async fn wait_until_ready(&self) {
        // An error says that the followers are gone, which end with the program.
        let _ = self.upgrades.wait_until_ready().await;
        let _ = self.asked.wait_until_ready().await;
        let _ = self.nodes.wait_until_ready().await;
    }

    /// The fleet as it was seen last.
    pub(crate) fn fleet(&self, drains: &BTreeMap<String, Drained>) -> Fleet {
        let living = self.upgrades.state().into_iter();
        let mut upgrades: Vec<Upgrade> = living
            .filter(|upgrade| upgrade.metadata.deletion_timestamp.is_none())
            .map(|upgrade| (*upgrade).clone())
            .collect();
        upgrades.sort_by_key(|upgrade| (upgrade.creation_timestamp(), upgrade.name_any()));
        let asked = self.asked.state().into_iter();
        let nodes = self.nodes.state().into_iter();
        Fleet {
            upgrades,
            asked: asked
                .map(|asked| (asked.name_any(), (*asked).clone()))
                .collect(),
            nodes: nodes.map(|node| (node.name_any(), facts(&node))).collect(),
            drains: drains.clone(),
            removed: Ok(Vec::new()),
        }
    }

    /// The unique identifier of a node.
    pub(crate) fn uid(&self, node: &str) -> Option<String> {
        self.nodes.get(&reflector::ObjectRef::new(node))?.uid()
    }

    /// An upgrade, with the status that it has.
    pub(crate) fn upgrade(&self, name: &str) -> Option<Arc<Upgrade>> {
        self.upgrades.get(&reflector::ObjectRef::new(name))
    }
}

fn follow<K>(
    client: &Client,
    changed: &Arc<Notify>,
    slim: fn(&mut K),
) -> (Store<K>, impl Future<Output = ()> + use<K>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store::<K>();
    let changed = changed.clone();
    let all: Api<DeserializeGuard<K>> = Api::all(client.clone());
    let events = watcher(all, watcher::Config::default())
        .default_backoff()
        .filter_map(|event| std::future::ready(understood(event).transpose()))
        .modify(move |object| {
            object.meta_mut().managed_fields = None;
            slim(object);
        })
        .reflect(writer);
    let driven = async move {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(_) => changed.notify_one(),
                Err(error) => warn!("cannot follow {}: {error}", K::plural(&())),
            }
        }
    };
    (store, driven)
}

/// An object that cannot be read, which an older schema or none let through, keeps nobody from the others of its kind.
fn understood<K>(
    event: Result<Event<DeserializeGuard<K>>, watcher::Error>,
) -> Result<Option<Event<K>>, watcher::Error>
where
    K: Resource<DynamicType = ()>,
{
    let read = |DeserializeGuard(object): DeserializeGuard<K>| match object {
        Ok(object) => Some(object),
        Err(invalid) => {
            let name = invalid.metadata.name.unwrap_or_default();
            warn!(
                "{} {name} cannot be read and is left out: {}",
                K::kind(&()),
                invalid.error
            );
            None
        }
    };
    Ok(match event? {
        Event::Init => Some(Event::Init),
        Event::InitDone => Some(Event::InitDone),
        Event::InitApply(object) => read(object).map(Event::InitApply),
        Event::Apply(object) => read(object).map(Event::Apply),
        Event::Delete(object) => read(object).map(Event::Delete),
    })
}

/// Takes away what nobody here reads: the list of images alone can be most of a node.
fn slim(node: &mut Node) {
    if let Some(status) = &mut node.status {
        status.images = None;
        status.volumes_attached = None;
        status.volumes_in_use = None;
    }
}

fn facts(node: &Node) -> NodeFacts {
    let annotation = |name: &str| node.annotations().get(name).map(String::as_str);
    let spec = node.spec.as_ref();
    let status = node.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let info = status.and_then(|status| status.node_info.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    NodeFacts {
        labels: node.labels().clone(),
        ready,
        server: node.labels().contains_key(SERVER),
        kubernetes: info.map(|info| info.kubelet_version.clone()),
        cordoned: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
        cordon: annotation(CORDONED).and_then(Cordon::parse),
        given_back: annotation(GIVEN_BACK).and_then(GivenBack::parse),
    }
}

#[cfg(test)]
mod tests {
    use super::{facts, understood};
    use kube::core::DeserializeGuard;
    use kube::runtime::watcher::Event;
    use serde_json::json;
    use upgrade_crd::Upgrade;

    #[test]
    fn what_is_known_of_a_node() {
        let node = json!({"metadata": {"name": "s1", "labels": {"node-role.kubernetes.io/control-plane": "true"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {
                "architecture": "", "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
                "kubeletVersion": "v1.37.2", "machineID": "", "operatingSystem": "", "osImage": "", "systemUUID": ""}}});
        let known = facts(&serde_json::from_value(node).expect("a node"));
        assert!(known.ready && known.server && !known.cordoned);
        assert_eq!(known.kubernetes.as_deref(), Some("v1.37.2"));
    }

    #[test]
    fn one_that_cannot_be_read_is_left_out() {
        let object = |paused: serde_json::Value| -> DeserializeGuard<Upgrade> {
            let spec = json!({"source": {"folder": "/r"}, "version": "0.2.0", "paused": paused});
            let text = json!({"apiVersion": "upgrade.holdfast.dev/v1alpha1", "kind": "Upgrade",
                "metadata": {"name": "stores"}, "spec": spec});
            serde_json::from_value(text).expect("guarded")
        };
        let good = understood(Ok(Event::InitApply(object(json!(true))))).expect("an event");
        assert!(matches!(good, Some(Event::InitApply(_))));
        for event in [Event::InitApply, Event::Apply, Event::Delete] {
            let bad = understood(Ok(event(object(json!("perhaps"))))).expect("no error");
            assert!(bad.is_none());
        }
        let end = understood::<Upgrade>(Ok(Event::InitDone)).expect("an event");
        assert!(matches!(end, Some(Event::InitDone)));
    }
}
