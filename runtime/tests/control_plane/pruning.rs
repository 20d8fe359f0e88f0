//! What is deleted and what is not, in a real cluster: whatever goes here by mistake is somebody's data.

use crate::engine::{Beside, ControlPlane};
use runtime::keeper::{Applier, Desired, ManifestProblem, ManifestSet, parse};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// All that a set of manifests says; the file that said it before stands no longer.
fn wanted(text: &str) -> Desired {
    Desired {
        documents: parse("x.yaml", text).expect("valid"),
        ..Desired::default()
    }
}

/// As [`wanted`], in a file that stands.
fn in_file(text: &str) -> Desired {
    Desired {
        standing: ["x.yaml".to_owned()].into(),
        ..wanted(text)
    }
}

fn config_map(place: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{{place}}}\n")
}

/// What an object is, and whether it is being deleted.
fn state(plane: &ControlPlane, object: &str) -> Option<String> {
    let what = "-o=jsonpath={.metadata.uid} {.metadata.deletionTimestamp}";
    let words: Vec<&str> = object.split(' ').collect();
    plane
        .try_kubectl(&[&["get", what], &words[..]].concat())
        .ok()
}

struct Keeper {
    runtime: tokio::runtime::Runtime,
    applier: Applier,
}

impl Keeper {
    fn of(plane: &ControlPlane) -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("runtime");
        // As the keeper does: two providers are in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = plane.paths.kubeconfig("admin");
        let kubeconfig = kube::config::Kubeconfig::read_from(file).expect("kubeconfig");
        let client = runtime.block_on(async {
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
            kube::Client::try_from(config.expect("config")).expect("client")
        });
        let applier = Applier::new(client);
        Self { runtime, applier }
    }

    fn brings(
        &mut self,
        set: ManifestSet,
        wanted: Desired,
        other: Desired,
    ) -> Vec<ManifestProblem> {
        let done = self.applier.bring_in_line(set, wanted, || other);
        self.runtime.block_on(done).expect("the API answers")
    }

    /// What the user wants, after as many tries as it takes.
    fn brings_soon(&mut self, text: &str) {
        let mut problems = Vec::new();
        for _ in 0..40 {
            problems = self.brings(ManifestSet::User, wanted(text), Desired::default());
            if problems.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        assert_eq!(problems, []);
    }
}

/// One test at a time: all of them are about the cluster's two inventories. Each begins with nothing.
static INVENTORIES: Mutex<()> = Mutex::new(());

fn begin() -> (Arc<ControlPlane>, MutexGuard<'static, ()>, Keeper) {
    let plane = ControlPlane::with(Beside::Nothing);
    let alone = INVENTORIES.lock().unwrap_or_else(PoisonError::into_inner);
    let system = ["get", "namespace", "kube-system", "-o", "name"];
    plane.eventually(&system, |_| true);
    let mut keeper = Keeper::of(&plane);
    for set in [ManifestSet::Packaged, ManifestSet::User] {
        keeper.brings(set, Desired::default(), Desired::default());
    }
    (plane, alone, keeper)
}

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
    - {name: v1alpha1, served: true, storage: false, schema: &any {openAPIV3Schema: {type: object}}}
    - {name: v1, served: true, storage: true, schema: *any}
";

const CLAIM: &str = "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}";
const SCALES: &str =
    "spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x}}";

/// The same objects, as an older and as a newer release of an application may write them.
fn release(new: bool) -> String {
    let (claim, scaler, role, thing) = if new {
        ("name: data, namespace: default", "v2", "name: reads", "v1")
    } else {
        (
            "name: data",
            "v1",
            "name: reads, namespace: web",
            "v1alpha1",
        )
    };
    let event = if new {
        "apiVersion: events.k8s.io/v1\nregarding"
    } else {
        "apiVersion: v1\ninvolvedObject"
    };
    let reporter = if new {
        "reportingController"
    } else {
        "reportingComponent"
    };
    format!(
        "{DEFINITION}---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{{claim}}}
{CLAIM}
---
apiVersion: autoscaling/{scaler}
kind: HorizontalPodAutoscaler
metadata: {{name: scales}}
{SCALES}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{{role}}}
rules: []
---
apiVersion: example.dev/{thing}
kind: Thing
metadata: {{name: one, namespace: default}}
---
{event}: {{kind: Pod, name: p, namespace: default}}
kind: Event
metadata: {{name: seen, namespace: default}}
eventTime: \"2026-01-01T00:00:00.000000Z\"
{reporter}: example.dev/x
reportingInstance: x
action: See
reason: Seen
type: Normal
"
    )
}

#[test]
fn an_object_may_be_named_in_other_words() {
    let (plane, _alone, mut keeper) = begin();
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let old = release(false) + namespace + &config_map("name: moves") + &config_map("name: goes");
    // The definition has to be known before its first object.
    keeper.brings_soon(&old);
    let same = [
        "pvc data",
        "hpa scales",
        "clusterrole reads",
        "things one",
        "event seen",
        "namespace web",
    ];
    let before = same.map(|object| state(&plane, object).expect("made"));
    let new = release(true) + &config_map("name: moves, namespace: web");
    assert_eq!(
        keeper.brings(ManifestSet::User, wanted(&new), Desired::default()),
        []
    );
    for (object, before) in same.iter().zip(before) {
        assert_eq!(state(&plane, object), Some(before), "{object}");
    }
    assert_eq!(state(&plane, "configmap goes"), None);
    assert_eq!(state(&plane, "configmap moves"), None);
    assert!(state(&plane, "configmap moves -n web").is_some());
    // The definition stops serving what the inventory names; what is not wanted is found all the same. The namespace that
    // was lived in goes with the last that lives there.
    let kept = DEFINITION.replace("name: v1, served: true", "name: v1, served: false");
    let definition = keeper.brings(ManifestSet::Packaged, wanted(&kept), wanted(&new));
    assert_eq!(definition, []);
    let served = ["get", "--raw", "/apis/example.dev"];
    plane.eventually(&served, |text| !text.contains("example.dev/v1\""));
    keeper.brings_soon(&kept);
    for object in [
        "hpa scales",
        "clusterrole reads",
        "event seen",
        "things one",
    ] {
        assert_eq!(state(&plane, object), None, "{object}");
    }
    let gone = ["get", "namespace", "web", "--ignore-not-found"];
    plane.eventually(&gone, str::is_empty);
    assert_eq!(
        keeper.brings(
            ManifestSet::Packaged,
            Desired::default(),
            Desired::default()
        ),
        []
    );
}

#[test]
fn a_picture_that_is_not_whole_deletes_nothing() {
    let (plane, _alone, mut keeper) = begin();
    let both = config_map("name: a") + &config_map("name: b");
    assert_eq!(
        keeper.brings(ManifestSet::User, wanted(&both), Desired::default()),
        []
    );
    let one = config_map("name: a");
    let torn = ManifestProblem {
        file: "y.yaml".into(),
        index: 0,
        reason: "Input/output error".into(),
    };
    let not_whole = Desired {
        problems: vec![torn],
        ..wanted(&one)
    };
    let problems = keeper.brings(ManifestSet::User, not_whole, Desired::default());
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "y.yaml: Input/output error",
            "the user manifests: nothing is removed from the cluster until all of them can be read"
        ]
    );
    assert!(state(&plane, "configmap b").is_some());
    // It was not forgotten meanwhile.
    assert_eq!(
        keeper.brings(ManifestSet::User, wanted(&one), Desired::default()),
        []
    );
    assert_eq!(state(&plane, "configmap b"), None);
}

/// A component that is switched off, and the user's own in its place with the usual names.
#[test]
fn sets_leave_each_other_alone() {
    let (plane, _alone, mut keeper) = begin();
    let theirs = || wanted(&config_map("name: coredns"));
    let own = || wanted(&config_map("name: coredns, namespace: default"));
    let none = Desired::default;
    assert_eq!(keeper.brings(ManifestSet::Packaged, theirs(), none()), []);
    let made = state(&plane, "configmap coredns");
    assert!(made.is_some());
    assert_eq!(keeper.brings(ManifestSet::Packaged, none(), own()), []);
    assert_eq!(
        state(&plane, "configmap coredns"),
        made,
        "about to be applied"
    );
    assert_eq!(keeper.brings(ManifestSet::User, own(), none()), []);
    assert_eq!(keeper.brings(ManifestSet::Packaged, none(), own()), []);
    assert_eq!(state(&plane, "configmap coredns"), made, "applied");
    // While the user's file cannot be read, what it named counts.
    assert_eq!(keeper.brings(ManifestSet::Packaged, theirs(), own()), []);
    let torn = ManifestProblem {
        file: "y.yaml".into(),
        index: 0,
        reason: "Input/output error".into(),
    };
    let unreadable = Desired {
        problems: vec![torn],
        ..Desired::default()
    };
    assert_eq!(keeper.brings(ManifestSet::Packaged, none(), unreadable), []);
    assert_eq!(state(&plane, "configmap coredns"), made, "unreadable");
    assert_eq!(keeper.brings(ManifestSet::User, none(), none()), []);
    assert_eq!(state(&plane, "configmap coredns"), None, "nobody's");
}

/// A file that lost its end in copying is often valid YAML.
#[test]
fn data_goes_only_with_its_file() {
    let (plane, _alone, mut keeper) = begin();
    let claim = |name| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n{CLAIM}\n"
        )
    };
    let one = config_map("name: one");
    let whole = one.clone() + &config_map("name: two") + &claim("own") + &claim("extra");
    let none = Desired::default;
    assert_eq!(
        keeper.brings(ManifestSet::User, in_file(&whole), none()),
        []
    );
    let made = ["pvc own", "pvc extra"].map(|claim| state(&plane, claim));
    let told = |keeper: &mut Keeper| {
        let problems = keeper.brings(ManifestSet::User, in_file(&one), none());
        let words = problems.iter().map(ToString::to_string);
        words.collect::<Vec<_>>().join("\n")
    };
    for _ in 0..2 {
        let told = told(&mut keeper);
        for claim in ["own", "extra"] {
            let words = format!("x.yaml: {claim} (PersistentVolumeClaim) is no longer in it");
            assert!(told.contains(&words), "{told}");
        }
        let still = ["pvc own", "pvc extra"].map(|claim| state(&plane, claim));
        assert!(
            still == made && made.iter().all(Option::is_some),
            "{still:?}"
        );
        assert_eq!(state(&plane, "configmap two"), None);
    }
    // What somebody deleted by hand is nobody's problem any more.
    plane.kubectl(&["delete", "pvc", "extra", "--wait"]);
    let left = told(&mut keeper);
    assert!(left.contains("own") && !left.contains("extra"), "{left}");
    assert_eq!(keeper.brings(ManifestSet::User, wanted(""), none()), []);
    let gone = ["get", "pvc", "own", "--ignore-not-found"];
    plane.eventually(&gone, str::is_empty);
}

/// Whoever can write the list could otherwise have anything deleted, with the keeper's rights.
#[test]
fn what_the_keeper_did_not_apply_is_never_deleted() {
    let (plane, _alone, mut keeper) = begin();
    let none = Desired::default;
    plane.kubectl(&["create", "configmap", "theirs"]);
    // As `kubectl apply --server-side` of somebody else does.
    let other = plane.paths.at("/other.yaml");
    std::fs::write(&other, config_map("name: applied-by-others")).expect("write");
    let other = other.to_string_lossy();
    plane.kubectl(&["apply", "--server-side", "-f", &other]);
    keeper.brings(ManifestSet::User, wanted(&config_map("name: ours")), none());
    let list = [
        "-n",
        "kube-system",
        "get",
        "configmap",
        "holdfast-manifests-user",
    ];
    let what = "-o=jsonpath={.data.objects\\.json}";
    let text = plane.kubectl(&[&list[..], &[what]].concat());
    let mut forged: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let objects = forged["x.yaml"].as_array_mut().expect("a list");
    for name in ["theirs", "applied-by-others"] {
        let mut object = objects[0].clone();
        object["name"] = name.into();
        objects.push(object);
    }
    let forged = serde_json::json!({ "data": { "objects.json": forged.to_string() } }).to_string();
    let patch = [
        "-n",
        "kube-system",
        "patch",
        "configmap",
        "holdfast-manifests-user",
        "--type=merge",
        "-p",
        &forged,
    ];
    plane.kubectl(&patch);
    let after = plane.kubectl(&[&list[..], &[what]].concat());
    assert!(
        after.contains("applied-by-others") && after.contains("theirs"),
        "{after}"
    );
    assert_eq!(keeper.brings(ManifestSet::User, none(), none()), []);
    assert_eq!(state(&plane, "configmap ours"), None, "it is the keeper's");
    for name in ["theirs", "applied-by-others"] {
        assert!(
            state(&plane, &format!("configmap {name}")).is_some(),
            "{name} is not"
        );
        plane.kubectl(&["delete", "configmap", name]);
    }
}
