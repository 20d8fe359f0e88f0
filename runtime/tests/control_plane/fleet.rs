//! A rollout over 2,000 nodes that are simulated at the API: their Node objects, and what their upgraders would say. The controller is
//! a process of its own, which is measured, and killed at random.

use crate::engine::{Beside, ControlPlane};
use crate::keeper::until;
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use runtime::pki::ADMIN;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use upgrade_crd::{NodePhase, NodeUpgrade, Want};

const NODES: usize = 2000;
const AT_ONCE: usize = 50;
const RESTARTS: u32 = 20;
/// How long a node is away when it restarts.
const AWAY: Duration = Duration::from_secs(20);
/// In bytes, and requests a second.
const MOST_MEMORY: u64 = 150_000_000;
const MOST_REQUESTS: f64 = 20.0;
/// Names the kubeconfig to the process that is the controller.
const CONTROLLER: &str = "HOLDFAST_FLEET_CONTROLLER";

const UPGRADE: &str = "\
apiVersion: upgrade.holdfast.dev/v1alpha1
kind: Upgrade
metadata: {name: stores}
spec:
  source: {url: 'https://releases.example.com/holdfast'}
  version: 0.2.0
  strategy: {maxUnavailable: 50}
";

/// What runs in the controller's process; in the tests' own it has nothing to do.
#[test]
#[ignore = "it is a part of the next one"]
fn controller_of_the_fleet() {
    let Some(kubeconfig) = std::env::var_os(CONTROLLER) else {
        return;
    };
    event_loop().block_on(async {
        let client = client(Path::new(&kubeconfig)).await;
        let ended = controller::lead(client, "fleet").await;
        panic!("the controller ended: {ended:?}");
    });
}

#[test]
#[ignore = "it takes a quarter of an hour: make bench-fleet"]
fn a_rollout_over_two_thousand_nodes() {
    let plane = ControlPlane::with(Beside::NoControllers);
    let manifests = plane.paths.packaged_manifests();
    let kinds = fs::read_dir(manifests).expect("manifests").flatten();
    for path in kinds.map(|entry| entry.path()) {
        let text = fs::read_to_string(&path).expect("a manifest");
        if text.contains("kind: CustomResourceDefinition") && text.contains("upgrade.holdfast.dev")
        {
            plane
                .try_kubectl(&["apply", "--server-side", "-f", &path.to_string_lossy()])
                .expect("applied");
        }
    }
    plane.eventually(
        &[
            "wait",
            "--for=condition=Established",
            "crd/upgrades.upgrade.holdfast.dev",
            "crd/nodeupgrades.upgrade.holdfast.dev",
        ],
        |_| true,
    );
    let kubeconfig = plane.paths.kubeconfig(ADMIN);
    let fleet = Arc::new(Fleet::default());
    let simulated = {
        let (fleet, kubeconfig) = (fleet.clone(), kubeconfig.clone());
        std::thread::spawn(move || event_loop().block_on(simulate(&kubeconfig, &fleet)))
    };
    until("all nodes to be there", || {
        assert!(!simulated.is_finished(), "the simulation ended");
        fleet.watched() == NODES
    });
    let file = plane.paths.at("/upgrade.yaml");
    fs::write(&file, UPGRADE).expect("written");
    plane.kubectl(&["create", "-f", &file.to_string_lossy()]);

    let before = requests(&plane);
    let own = fleet.requests.load(Ordering::SeqCst);
    let begun = Instant::now();
    let mut process = spawn(&kubeconfig);
    let (mut memory, mut restarts, mut next) = (0, 0, Duration::from_secs(11));
    let mut draw = 7_u64;
    while fleet.done() < NODES {
        std::thread::sleep(Duration::from_millis(500));
        assert!(!simulated.is_finished(), "the simulation ended");
        assert!(
            begun.elapsed() < Duration::from_secs(3600),
            "{} of {NODES} are done",
            fleet.done()
        );
        memory = memory.max(peak(process.id()));
        let ended = process.try_wait().expect("a process");
        assert!(ended.is_none(), "the controller ended by itself: {ended:?}");
        if restarts < RESTARTS && begun.elapsed() > next {
            process.kill().expect("it runs");
            process.wait().expect("it ended");
            process = spawn(&kubeconfig);
            restarts += 1;
            draw = draw
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            next = begun.elapsed() + Duration::from_secs(5 + (draw >> 33) % 30);
        }
    }
    let took = begun.elapsed().as_secs_f64();
    plane.eventually(
        &["get", "upgrade", "stores", "-o", "jsonpath={.status.state}"],
        |state| state == "Complete",
    );
    until("all nodes to be given back", || fleet.unavailable() == 0);
    memory = memory.max(peak(process.id()));
    let asked =
        (requests(&plane) - before).saturating_sub(fleet.requests.load(Ordering::SeqCst) - own);
    let rate = asked as f64 / took;
    process.kill().expect("it runs");
    process.wait().expect("it ended");
    let worst = fleet.worst.load(Ordering::SeqCst);
    println!(
        "{NODES} nodes in {took:.0} s, {AT_ONCE} at a time, each away for {} s: at most {worst} were unavailable at any moment (at most {AT_ONCE}); the controller was killed {restarts} times (at least {RESTARTS}), had at most {:.1} MB of memory (at most {:.0}), asked {rate:.1} times a second (at most {MOST_REQUESTS})",
        AWAY.as_secs(),
        memory as f64 / 1e6,
        MOST_MEMORY as f64 / 1e6,
    );
    assert_eq!(fleet.gaps.load(Ordering::SeqCst), 0, "the watch broke");
    assert_eq!(fleet.activations(), NODES, "each node restarted once");
    assert!(worst <= AT_ONCE as u64);
    assert!(restarts >= RESTARTS, "the rollout was too short");
    assert!(memory <= MOST_MEMORY);
    assert!(rate <= MOST_REQUESTS);
}

/// What is known of the fleet outside of the controller.
#[derive(Default)]
struct Fleet {
    /// Requests of the simulation.
    requests: AtomicU64,
    /// The most nodes that were unavailable at any moment.
    worst: AtomicU64,
    /// By name: whether the node is unavailable, as the watch stream says.
    nodes: Mutex<BTreeMap<String, bool>>,
    /// Nodes that run the release.
    done: Mutex<BTreeSet<String>>,
    activations: AtomicU64,
    /// How often the watch stream broke: between, nobody looked.
    gaps: AtomicU64,
}

impl Fleet {
    fn watched(&self) -> usize {
        self.nodes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    fn unavailable(&self) -> usize {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.values().filter(|away| **away).count()
    }

    fn done(&self) -> usize {
        self.done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    fn activations(&self) -> usize {
        self.activations.load(Ordering::SeqCst) as usize
    }

    /// An event of the watch stream.
    fn saw(&self, node: &Node) {
        let spec = node.spec.as_ref();
        let cordoned = spec.and_then(|spec| spec.unschedulable).unwrap_or(false);
        let conditions = node
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let mut conditions = conditions.into_iter().flatten();
        let ready =
            conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.insert(node.name_any(), cordoned || !ready);
        let away = nodes.values().filter(|away| **away).count();
        self.worst.fetch_max(away as u64, Ordering::SeqCst);
    }
}

fn event_loop() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

async fn client(kubeconfig: &Path) -> Client {
    let text = fs::read_to_string(kubeconfig).expect("a kubeconfig");
    let read = kube::config::Kubeconfig::from_yaml(&text).expect("a kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(read, &Default::default()).await;
    controller::client(config.expect("a configuration")).expect("a client")
}

fn spawn(kubeconfig: &Path) -> Child {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "fleet::controller_of_the_fleet",
            "--ignored",
            "--nocapture",
        ])
        .env(CONTROLLER, kubeconfig)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    child.expect("it starts")
}

/// The most memory that a process had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// Requests that the API server has answered; those that watch count when they end.
fn requests(plane: &ControlPlane) -> u64 {
    let metrics = plane.kubectl(&["get", "--raw", "/metrics"]);
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("apiserver_request_total{"));
    let numbers = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    numbers.sum::<f64>() as u64
}

/// Makes the nodes, and does what their kubelets and upgraders would.
async fn simulate(kubeconfig: &Path, fleet: &Arc<Fleet>) {
    let client = client(kubeconfig).await;
    let nodes: Api<Node> = Api::all(client.clone());
    tokio::spawn(watch_nodes(client.clone(), fleet.clone()));
    futures_util::stream::iter(0..NODES)
        .for_each_concurrent(8, async |number| {
            let name = format!("node-{number:04}");
            let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"site": format!("shop-{}", number / 3)}},
                "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Simulated"}]}});
            let node = serde_json::from_value(node).expect("a node");
            nodes.create(&PostParams::default(), &node).await.expect("created");
        })
        .await;
    let upgrades: Api<NodeUpgrade> = Api::all(client.clone());
    let mut events = std::pin::pin!(
        watcher(upgrades, watcher::Config::default())
            .default_backoff()
            .applied_objects()
    );
    let busy: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    while let Some(asked) = events.next().await {
        let Ok(asked) = asked else { continue };
        tokio::spawn(upgrader(client.clone(), fleet.clone(), busy.clone(), asked));
    }
}

async fn watch_nodes(client: Client, fleet: Arc<Fleet>) {
    let nodes: Api<Node> = Api::all(client);
    let events = watcher(nodes, watcher::Config::default())
        .default_backoff()
        .applied_objects();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(node) => fleet.saw(&node),
            Err(_) => {
                fleet.gaps.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// An upgrader that is asked, and its node.
async fn upgrader(
    client: Client,
    fleet: Arc<Fleet>,
    busy: Arc<Mutex<BTreeSet<String>>>,
    asked: NodeUpgrade,
) {
    let name = asked.name_any();
    let before = asked.status.clone().unwrap_or_default();
    let generation = asked.metadata.generation.unwrap_or_default();
    let is_new = before.observed_generation != generation || before.running.is_empty();
    let running = if before.running.is_empty() {
        "0.1.0"
    } else {
        &before.running
    };
    if !is_new {
        return;
    }
    let say = async |phase: NodePhase, running: &str, staged: Option<&str>| {
        let status = json!({"status": {"observedGeneration": generation, "running": running, "phase": phase, "message": "", "staged": staged, "retried": 0}});
        change::<NodeUpgrade>(&client, &fleet, &name, &status).await;
    };
    match asked.spec.want {
        _ if running == "0.2.0" => say(NodePhase::Done, "0.2.0", None).await,
        Want::Report => say(NodePhase::Idle, running, None).await,
        Want::Stage => say(NodePhase::Staged, running, Some("0.2.0")).await,
        Want::Run => {
            if !busy
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(name.clone())
            {
                return;
            }
            fleet.activations.fetch_add(1, Ordering::SeqCst);
            say(NodePhase::Restarting, running, Some("0.2.0")).await;
            be_ready(&client, &fleet, &name, false).await;
            tokio::time::sleep(AWAY).await;
            be_ready(&client, &fleet, &name, true).await;
            say(NodePhase::Done, "0.2.0", None).await;
            fleet
                .done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(name.clone());
            busy.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&name);
        }
    }
}

async fn be_ready(client: &Client, fleet: &Fleet, name: &str, ready: bool) {
    let status = if ready { "True" } else { "False" };
    let status = json!({"status": {"conditions": [{"type": "Ready", "status": status, "reason": "Simulated"}]}});
    change::<Node>(client, fleet, name, &status).await;
}

/// A node tries again until it is heard.
async fn change<K>(client: &Client, fleet: &Fleet, name: &str, change: &Value)
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let objects: Api<K> = Api::all(client.clone());
    loop {
        fleet.requests.fetch_add(1, Ordering::SeqCst);
        match objects
            .patch_status(name, &PatchParams::default(), &Patch::Merge(change))
            .await
        {
            Ok(_) => return,
            Err(error) => eprintln!("{name}: {error}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
