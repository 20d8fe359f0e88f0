//! Every rendered file, as a golden. `INSTA_UPDATE=always cargo test -p runtime --test rendered` writes them anew.

use runtime::pki::Authorities;
use runtime::plan::{self, NodeFacts, PodNetwork};
use runtime::{
    Audit, ClusterSettings, Mirror, Paths, PlannedFile, Registries, RegistryHost, Taint,
};
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

/// Settings that use every key.
fn rich() -> ClusterSettings {
    let mut settings = ClusterSettings::named("edge-1", "0.1.0");
    settings.tls_sans = vec!["edge.example".into(), "203.0.113.9".into()];
    settings.labels.insert("site".into(), "shop-7".into());
    settings.taints = vec![Taint {
        key: "edge".into(),
        value: "yes".into(),
        effect: "NoSchedule".into(),
    }];
    settings
        .environment
        .insert("HTTPS_PROXY".into(), "http://proxy.example:3128".into());
    settings.audit = Audit::Request;
    settings
        .extra_args
        .kubelet
        .insert("max-pods".into(), vec!["40".into()]);
    settings
        .extra_args
        .api_server
        .insert("feature-gates".into(), vec!["Some=true".into()]);
    settings.registries = registries();
    settings
}

fn registries() -> Registries {
    let mirror = |endpoints: &[&str]| Mirror {
        endpoints: endpoints.iter().map(|e| (*e).to_owned()).collect(),
    };
    Registries {
        mirrors: BTreeMap::from([
            (
                "docker.io".into(),
                mirror(&["https://z.example/v2/hub", "http://a.example:5000"]),
            ),
            ("*".into(), mirror(&["https://all.example"])),
        ]),
        hosts: BTreeMap::from([
            (
                "a.example:5000".into(),
                RegistryHost {
                    login: Some(("user".into(), "pass\"word".into())),
                    skip_verify: true,
                    ..RegistryHost::default()
                },
            ),
            (
                "r.example".into(),
                RegistryHost {
                    token: Some("token".into()),
                    ca: Some("CA\n".into()),
                    client: Some(("CERT\n".into(), "KEY\n".into())),
                    ..RegistryHost::default()
                },
            ),
        ]),
    }
}

fn facts() -> NodeFacts {
    NodeFacts {
        address: "192.168.1.5".parse().expect("address"),
        memory: 2 << 30,
        now: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
    }
}

/// Name, mode and content of each file whose content is the same each time.
fn shown(files: &[PlannedFile]) -> String {
    let show = |file: &PlannedFile| {
        let text = String::from_utf8_lossy(&file.content);
        format!("=== {} {:o}\n{text}", file.path.display(), file.mode)
    };
    files.iter().map(show).collect::<Vec<_>>().join("\n")
}

fn configuration(settings: &ClusterSettings) -> String {
    let folder = tempfile::tempdir().expect("temp folder");
    let authorities =
        Authorities::ensure(&folder.path().join("pki"), facts().now).expect("authorities");
    let paths = Paths::default();
    let files = plan::plan(settings, &facts(), &paths, &authorities).expect("a plan");
    let secret = |file: &PlannedFile| {
        file.path.starts_with("/run/holdfast/cluster/leaf")
            || file.path == paths.kubeconfig("admin")
    };
    assert!(
        files.iter().all(|file| file.mode == 0o600),
        "what lies beside keys is private"
    );
    let same: Vec<PlannedFile> = files.into_iter().filter(|file| !secret(file)).collect();
    shown(&same)
}

#[test]
fn a_configuration_that_says_nothing() {
    insta::assert_snapshot!(configuration(&ClusterSettings::named("edge-1", "0.1.0")));
}

#[test]
fn a_configuration_that_says_everything() {
    insta::assert_snapshot!(configuration(&rich()));
}

#[test]
fn containerd_and_its_registries() {
    let (config, registries) = plan::plan_containerd(&rich(), &Paths::default());
    insta::assert_snapshot!(shown(&[vec![config], registries].concat()));
}

#[test]
fn the_network_plugin() {
    let network = PodNetwork {
        pods: "10.42.0.0/24".parse().expect("network"),
        mtu: 1450,
    };
    insta::assert_snapshot!(shown(&[plan::cni_file(network, &Paths::default())]));
}

#[test]
fn services_of_pid_1() {
    let services = runtime::services(&ClusterSettings::named("edge-1", "0.1.0"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&services).expect("JSON"));
}

#[test]
fn packaged_manifests_are_whole() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    std::fs::create_dir_all(paths.packaged_manifests()).expect("folder");
    for entry in std::fs::read_dir(from).expect("manifests") {
        let path = entry.expect("entry").path();
        std::fs::copy(
            &path,
            paths
                .packaged_manifests()
                .join(path.file_name().expect("name")),
        )
        .expect("copy");
    }
    let mut settings = ClusterSettings::named("edge-1", "0.1.0");
    let show = |settings: &ClusterSettings| {
        let wanted = runtime::keep::packaged(settings, &paths);
        assert_eq!(wanted.problems, []);
        let show = |d: &runtime::keep::Document| format!("{}: {}", d.file, d.object);
        wanted
            .documents
            .iter()
            .map(show)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(show(&settings));
    settings.components_off.insert("metrics-server".into());
    assert!(!show(&settings).contains("metrics-server"));
}
