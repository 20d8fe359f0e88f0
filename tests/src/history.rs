//! Clients outside a machine that change its cluster, and what they were told: by answers and by a watch.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{PostParams, WatchEvent, WatchParams};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::{Api, Client};
use serde_json::json;

/// Clients that write side by side.
const WRITERS: usize = 3;
/// Each of a writer's objects is changed so often before the next is made.
const CHANGES: usize = 3;
/// The object's one key.
const KEY: &str = "written";
/// What the names of all written objects begin with; they are ConfigMaps of the namespace `default`.
const NAMES: &str = "acknowledged-";
/// How long an answer may take, and the first event of the watch.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// A change of an object, as a client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object's name.
    pub name: String,
    /// Its resource version.
    pub revision: u64,
    /// What was written.
    pub content: String,
    /// The moment at which the client knew of it.
    pub at: u64,
}

/// What the clients of a cluster were told.
#[derive(Debug, Default)]
pub struct History {
    /// Changes that the API server acknowledged to who made them.
    pub acknowledged: Vec<Change>,
    /// Changes that a watch showed to a client.
    pub seen: Vec<Change>,
}

impl History {
    /// Writes for this long. `moment` is asked after each answer and each event of the watch.
    ///
    /// # Errors
    /// When the API server refuses anything or does not answer, or the watch shows nothing.
    pub fn write(
        kubeconfig: &Path,
        length: Duration,
        moment: impl Fn() -> anyhow::Result<u64>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot make a runtime")?;
        runtime.block_on(write(kubeconfig, length, &moment))
    }
}

async fn write(
    kubeconfig: &Path,
    length: Duration,
    moment: &dyn Fn() -> anyhow::Result<u64>,
) -> anyhow::Result<History> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    // Two TLS providers are in this program (docs/design/shape.md). That one was chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::try_from(config)?;
    let objects: Api<ConfigMap> = Api::default_namespaced(client);
    let until = Instant::now() + length;
    let writers = (0..WRITERS).map(|number| one_writer(&objects, number, until, moment));
    let mut seen = Vec::new();
    let acknowledged = tokio::select! {
        done = try_join_all(writers) => done?.concat(),
        ended = watch(&objects, &mut seen, moment) => {
            ended?;
            anyhow::bail!("the watch ended while changes were made");
        }
    };
    ensure!(!seen.is_empty(), "the watch showed nothing");
    Ok(History { acknowledged, seen })
}

async fn one_writer(
    objects: &Api<ConfigMap>,
    number: usize,
    until: Instant,
    moment: &dyn Fn() -> anyhow::Result<u64>,
) -> anyhow::Result<Vec<Change>> {
    let mut acknowledged = Vec::new();
    for round in 0.. {
        let name = format!("{NAMES}{number}-{}", round / CHANGES);
        let content = format!("writer-{number}-round-{round}.");
        let object = serde_json::from_value(json!({
            "metadata": { "name": name },
            "data": { KEY: content },
        }))?;
        let parameters = PostParams::default();
        let answer = if round % CHANGES == 0 {
            tokio::time::timeout(ANSWERS_WITHIN, objects.create(&parameters, &object)).await
        } else {
            tokio::time::timeout(ANSWERS_WITHIN, objects.replace(&name, &parameters, &object)).await
        };
        let answer = answer.with_context(|| format!("no answer to the writing of {name}"))??;
        acknowledged.push(change(&answer, moment()?)?);
        if Instant::now() >= until {
            break;
        }
    }
    Ok(acknowledged)
}

async fn watch(
    objects: &Api<ConfigMap>,
    seen: &mut Vec<Change>,
    moment: &dyn Fn() -> anyhow::Result<u64>,
) -> anyhow::Result<()> {
    let events = objects.watch(&WatchParams::default(), "0").await?;
    futures_util::pin_mut!(events);
    while let Some(event) = events.try_next().await? {
        if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event
            && object
                .metadata
                .name
                .as_deref()
                .is_some_and(|name| name.starts_with(NAMES))
        {
            seen.push(change(&object, moment()?)?);
        }
    }
    Ok(())
}

fn change(object: &ConfigMap, at: u64) -> anyhow::Result<Change> {
    let version = object.metadata.resource_version.as_deref();
    let content = object.data.as_ref().and_then(|data| data.get(KEY));
    Ok(Change {
        name: object.metadata.name.clone().unwrap_or_default(),
        revision: version
            .unwrap_or_default()
            .parse()
            .context("a resource version")?,
        content: content.cloned().unwrap_or_default(),
        at,
    })
}
