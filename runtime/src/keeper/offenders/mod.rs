//! Pods that take from others what they need: named in `holdfast status` and, once each time, by an event.
//!
//! The kubelet says nothing of a process that the kernel killed because all pods together had too much, and nothing of a pod
//! that forks, logs or writes without end. The kernel counts all of it; so it is looked at, every ten seconds.

mod count;
mod judge;

use super::context::{Keeper, MANAGER};
use count::Pod;
use init_api::Millis;
use judge::{Offence, Watch};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, PostParams};
use std::fs;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::warn;

const EVERY: Duration = Duration::from_secs(10);
/// A cluster that takes longer hears of it by `holdfast status`.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the system's services wait for the disk.
const PRESSURE: &str = "/sys/fs/cgroup/system/io.pressure";

/// Looks for as long as the keeper works with the API.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let mut watch = Watch::default();
    loop {
        let now = Millis::since_kernel_start().unwrap_or_default();
        let disk = fs::read_to_string(keeper.paths.at(PRESSURE)).unwrap_or_default();
        let fresh = watch.take(now, count::counts(&keeper.paths), pressure(&disk));
        keeper.report.offenders(watch.lines());
        for (pod, offence) in fresh {
            warn!("pod {pod} {}", offence.text());
            match timeout(PATIENCE, tell(client, &pod, offence)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!("no event about it: {error}"),
                Err(_) => warn!("no event about it: the API does not answer"),
            }
        }
        sleep(EVERY).await;
    }
}

/// `some avg10=1.23 avg60=…`; a kernel that does not count it says nothing.
fn pressure(text: &str) -> f64 {
    let word = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg10="));
    word.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

async fn tell(client: &Client, pod: &Pod, offence: Offence) -> Result<(), kube::Error> {
    let events: Api<Event> = Api::namespaced(client.clone(), &pod.namespace);
    events
        .create(&PostParams::default(), &event(pod, offence))
        .await?;
    Ok(())
}

fn event(pod: &Pod, offence: Offence) -> Event {
    Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}.", pod.name)),
            namespace: Some(pod.namespace.clone()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: Some(pod.namespace.clone()),
            name: Some(pod.name.clone()),
            uid: Some(pod.uid.clone()),
            ..ObjectReference::default()
        },
        type_: Some("Warning".to_owned()),
        reason: Some(offence.reason().to_owned()),
        message: Some(format!("The pod {}.", offence.text())),
        source: Some(EventSource {
            component: Some(MANAGER.to_owned()),
            ..EventSource::default()
        }),
        count: Some(1),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::pressure;

    #[test]
    fn the_systems_waiting_is_read() {
        let text = "some avg10=12.50 avg60=1.00 avg300=0.00 total=5\nfull avg10=3.00 avg60=0.00 avg300=0.00 total=1\n";
        assert!((pressure(text) - 12.5).abs() < 0.001);
        assert!(pressure("").abs() < 0.001);
    }
}
