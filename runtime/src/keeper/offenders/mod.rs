//! Pods that take from others what they need, or end again and again: named in `holdfast status` and, once each time, by an
//! event.
//!
//! Two say what pods do. The kernel counts for each pod's group: killed and refused processes, written bytes; that is looked at
//! every ten seconds, with the length of logs and the number of files, and needs nobody's answer. The kubelet says in the pod's
//! status that it was evicted, killed or started again; that comes when it changes. Of what comes nothing is kept but who is
//! named.

mod count;
mod files;
mod judge;
mod last_line;
mod offence;
mod status;

use super::backoff::Backoff;
use super::context::Keeper;
use super::kube_error::{explain, explain_watch, is_expired};
use super::tell::Warning;
use count::Pod;
use files::{Files, Growth};
use futures_util::TryStreamExt;
use init_api::Millis;
use judge::Watch;
use k8s_openapi::api::core::v1::{self, ObjectReference};
use k8s_openapi::jiff::Timestamp;
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, Error};
use offence::{Offence, Seen};
use std::cell::RefCell;
use std::fs;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

const EVERY: Duration = Duration::from_secs(10);
/// A cluster that takes longer hears of it by `holdfast status`.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pods that come in one answer, when a watch begins: so many are in memory at a time.
const AT_ONCE: u32 = 20;
/// How long the system's services wait for the disk.
const PRESSURE: &str = "/sys/fs/cgroup/system/io.pressure";

/// Looks for as long as the keeper works with the API.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let offenders = Offenders {
        keeper,
        client,
        watch: RefCell::default(),
    };
    tokio::join!(offenders.look(), offenders.listen());
}

struct Offenders<'a> {
    keeper: &'a Keeper,
    client: &'a Client,
    watch: RefCell<Watch>,
}

impl Offenders<'_> {
    /// At what the kernel counts.
    async fn look(&self) {
        let paths = &self.keeper.paths;
        let mut growth = Growth::default();
        loop {
            let now = now();
            let disk = fs::read_to_string(paths.at(PRESSURE)).unwrap_or_default();
            let counts = count::counts(paths);
            let fresh = self.watch.borrow_mut().count(now, counts, pressure(&disk));
            self.show();
            for (pod, seen) in fresh {
                self.tell(&pod, &seen).await;
            }
            if let Some(files) = Files::now(paths)
                && growth.is_suspicious(now, files)
                && let Some((pod, seen)) = self.most_files().await
            {
                growth.answered(now, files);
                self.name(&pod, &seen).await;
            }
            sleep(EVERY).await;
        }
    }

    async fn most_files(&self) -> Option<(Pod, Seen)> {
        let node = self.keeper.settings.node.name.as_str();
        match timeout(PATIENCE, files::most(self.client, node)).await {
            Ok(Ok(most)) => most.map(|(pod, count)| {
                let how = format!("it has {count}, and others may be refused theirs");
                (pod, Offence::Files.shown(how))
            }),
            Ok(Err(error)) => {
                debug!("whose files become more is not known: {}", explain(&error));
                None
            }
            Err(_) => None,
        }
    }

    /// To what the kubelet says.
    async fn listen(&self) {
        let mut backoff = Backoff::new();
        loop {
            match self.until_error(&mut backoff).await {
                Err(error) if !is_expired(&error) => {
                    debug!("cannot follow pods: {}", explain_watch(&error));
                }
                Ok(()) | Err(_) => {}
            }
            sleep(backoff.pause()).await;
        }
    }

    async fn until_error(&self, backoff: &mut Backoff) -> Result<(), watcher::Error> {
        let node = &self.keeper.settings.node.name;
        let here = watcher::Config::default()
            .fields(&format!("spec.nodeName={node}"))
            .page_size(AT_ONCE);
        let pods: Api<v1::Pod> = Api::all(self.client.clone());
        let mut changes = pin!(watcher(pods, here).touched_objects());
        while let Some(pod) = changes.try_next().await? {
            backoff.reset();
            let Some(own) = own(&pod) else { continue };
            let last_line =
                |container: &str| last_line::last_line(&self.keeper.paths, &own, container);
            for seen in status::seen(&pod, Timestamp::now(), last_line) {
                self.name(&own, &seen).await;
            }
        }
        Ok(())
    }

    async fn name(&self, pod: &Pod, seen: &Seen) {
        let is_news = self.watch.borrow_mut().is_news(now(), pod, seen);
        self.show();
        if is_news {
            self.tell(pod, seen).await;
        }
    }

    fn show(&self) {
        let lines = self.watch.borrow_mut().lines(now());
        self.keeper.report.offenders(lines);
    }

    async fn tell(&self, pod: &Pod, Seen { offence, how }: &Seen) {
        let text = format!("{}: {how}", offence.text());
        warn!("pod {pod} {text}");
        let warning = Warning {
            once: None,
            reason: offence.reason(),
            message: format!("The pod {text}"),
        };
        let object = reference(pod);
        let told: Result<Result<(), Error>, _> =
            timeout(PATIENCE, warning.publish(self.client, &object)).await;
        match told {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!("no event about it: {}", explain(&error)),
            Err(_) => warn!("no event about it: the API does not answer"),
        }
    }
}

fn now() -> Millis {
    Millis::since_kernel_start().unwrap_or_default()
}

/// `some avg10=1.23 avg60=…`; a kernel that does not count it says nothing.
fn pressure(text: &str) -> f64 {
    let word = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg10="));
    word.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// The pod as its folders name it. A file of the kubelet's own has another uid there.
fn own(pod: &v1::Pod) -> Option<Pod> {
    Some(Pod {
        namespace: pod.metadata.namespace.clone()?,
        name: pod.metadata.name.clone()?,
        uid: pod.metadata.uid.clone()?,
    })
}

fn reference(pod: &Pod) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace.clone()),
        name: Some(pod.name.clone()),
        uid: Some(pod.uid.clone()),
        ..ObjectReference::default()
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
