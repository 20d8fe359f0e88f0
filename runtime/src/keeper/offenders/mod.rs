//! Pods that take from others what they need, or end again and again: named in `holdfast status` and, once each time, by an
//! event.
//!
//! Two say what pods do. The kernel counts for each pod's group: killed and refused processes, written bytes; that is looked at
//! every ten seconds, with the length of logs and the number of files, and needs nobody's answer. The kubelet says in the pod's
//! status that it was evicted, killed or started again; that comes when it changes. Of what comes nothing is kept but who is
//! named, and what the cluster could not be told yet.

mod connections;
mod count;
mod disk;
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
use disk::Disks;
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
use std::pin::pin;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

const EVERY: Duration = Duration::from_secs(10);
/// A cluster that takes longer hears of it by `holdfast status`.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pods that come in one answer, when a watch begins: so many are in memory at a time.
const AT_ONCE: u32 = 20;
/// So many are told once the API is ready; who comes later is named by `holdfast status`.
const UNTOLD: usize = 100;

/// Pods that take from others, for as long as the keeper runs.
pub(super) struct Offenders<'a> {
    keeper: &'a Keeper,
    watch: RefCell<Watch>,
    disks: RefCell<Disks>,
    /// None while the API is not ready: an attack may be what it waits for.
    client: RefCell<Option<Client>>,
    /// What was seen before that.
    untold: RefCell<Vec<(Pod, Seen)>>,
}

impl<'a> Offenders<'a> {
    pub(super) fn of(keeper: &'a Keeper) -> Self {
        Self {
            keeper,
            watch: RefCell::default(),
            disks: RefCell::default(),
            client: RefCell::default(),
            untold: RefCell::default(),
        }
    }

    /// Looks at what the kernel counts, for ever.
    pub(super) async fn watch_counts(&self) {
        let mut growth = Growth::default();
        loop {
            self.count_once(now(), &mut growth).await;
            sleep(EVERY).await;
        }
    }

    /// What is seen from now on waits for the next client.
    pub(super) fn await_client(&self) {
        self.client.replace(None);
    }

    /// Tells the cluster, and listens to what the kubelet says, for as long as the keeper works with the API.
    pub(super) async fn follow(&self, client: &Client) {
        self.client.replace(Some(client.clone()));
        for (pod, seen) in self.untold.take() {
            self.tell(&pod, &seen).await;
        }
        self.listen(client).await;
    }

    async fn count_once(&self, now: Millis, growth: &mut Growth) {
        let paths = &self.keeper.paths;
        let waits = self.disks.borrow_mut().why_others_wait(paths, now);
        let counts = count::counts(paths);
        let fresh = self.watch.borrow_mut().count(now, counts, waits);
        self.show(now);
        for (pod, seen) in fresh {
            warn!("pod {pod} {}", seen.text());
            self.tell(&pod, &seen).await;
        }
        let client = self.client.borrow().clone();
        if let Some(client) = &client
            && let Some(files) = Files::now(paths)
            && growth.is_suspicious(now, files)
        {
            let here = paths.clone();
            // A disk is read, which may be slow: the keeper has more to do.
            let here = spawn_blocking(move || files::most_here(&here)).await;
            let most = match here.ok().flatten().map(many) {
                Some(most) => Some(most),
                None => self.most_files(client).await,
            };
            if let Some((pod, seen)) = most {
                growth.answered(now, files);
                self.name(&pod, &seen).await;
            }
        }
        if let Some(client) = &client
            && connections::are_many(paths)
        {
            for pod in self.refused(client).await {
                self.name(&pod, &Offence::Connections.counted()).await;
            }
        }
    }

    /// The pods whose new connections are dropped.
    async fn refused(&self, client: &Client) -> Vec<Pod> {
        let addresses = connections::refused().await;
        if addresses.is_empty() {
            return Vec::new();
        }
        let node = self.keeper.settings.node.name.as_str();
        match timeout(PATIENCE, connections::whose(client, node, &addresses)).await {
            Ok(Ok(pods)) => pods,
            Ok(Err(error)) => {
                debug!(
                    "whose connections are dropped is not known: {}",
                    explain(&error)
                );
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn most_files(&self, client: &Client) -> Option<(Pod, Seen)> {
        let node = self.keeper.settings.node.name.as_str();
        match timeout(PATIENCE, files::most(client, node)).await {
            Ok(Ok(most)) => most.map(many),
            Ok(Err(error)) => {
                debug!("whose files become more is not known: {}", explain(&error));
                None
            }
            Err(_) => None,
        }
    }

    /// To what the kubelet says.
    async fn listen(&self, client: &Client) {
        let mut backoff = Backoff::new();
        loop {
            match self.until_error(client, &mut backoff).await {
                Err(error) if !is_expired(&error) => {
                    debug!("cannot follow pods: {}", explain_watch(&error));
                }
                Ok(()) | Err(_) => {}
            }
            sleep(backoff.pause()).await;
        }
    }

    async fn until_error(
        &self,
        client: &Client,
        backoff: &mut Backoff,
    ) -> Result<(), watcher::Error> {
        let node = &self.keeper.settings.node.name;
        let here = watcher::Config::default()
            .fields(&format!("spec.nodeName={node}"))
            .page_size(AT_ONCE);
        let pods: Api<v1::Pod> = Api::all(client.clone());
        let mut changes = pin!(watcher(pods, here).touched_objects());
        while let Some(pod) = changes.try_next().await? {
            backoff.reset();
            let Some(own) = Pod::of(&pod) else { continue };
            let last_line =
                |container: &str| last_line::last_line(&self.keeper.paths, &own, container);
            for seen in status::seen(&pod, Timestamp::now(), last_line) {
                self.name(&own, &seen).await;
            }
        }
        Ok(())
    }

    async fn name(&self, pod: &Pod, seen: &Seen) {
        let now = now();
        let is_news = self.watch.borrow_mut().is_news(now, pod, seen);
        self.show(now);
        if is_news {
            warn!("pod {pod} {}", seen.text());
            self.tell(pod, seen).await;
        }
    }

    fn show(&self, now: Millis) {
        let lines = self.watch.borrow_mut().lines(now);
        self.keeper.report.offenders(lines);
    }

    /// By an event; it has to wait while there is nobody to tell.
    async fn tell(&self, pod: &Pod, seen: &Seen) {
        let client = self.client.borrow().clone();
        let Some(client) = client else {
            let mut untold = self.untold.borrow_mut();
            if untold.len() < UNTOLD {
                untold.push((pod.clone(), seen.clone()));
            }
            return;
        };
        let warning = Warning {
            once: None,
            reason: seen.offence.reason(),
            message: format!("The pod {}", seen.text()),
        };
        let object = reference(pod);
        let told: Result<Result<(), Error>, _> =
            timeout(PATIENCE, warning.publish(&client, &object)).await;
        match told {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!("no event about it: {}", explain(&error)),
            Err(_) => warn!("no event about it: the API does not answer"),
        }
    }
}

fn many((pod, count): (Pod, u64)) -> (Pod, Seen) {
    let how = format!("it has {count}, and others may be refused theirs");
    (pod, Offence::Files.shown(how))
}

fn now() -> Millis {
    Millis::since_kernel_start().unwrap_or_default()
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
mod tests;
