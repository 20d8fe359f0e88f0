//! Every rendered file, as a golden. `INSTA_UPDATE=always cargo test -p runtime --test rendered` writes them anew.

use runtime::pki::Authorities;
use runtime::plan::{self, NodeFacts, PodNetwork};
use runtime::{Paths, PlannedFile, Settings};
use std::time::{Duration, UNIX_EPOCH};

/// Every key that shows in a rendered file.
const EVERYTHING: &str = r#"
version: 1
labels: {site: shop-7}
taints: ["edge=yes:NoSchedule"]
kubernetes:
  tls_sans: [edge.example, 203.0.113.9]
  audit: request
  pod_security: restricted
  kubelet_args: {max-pods: 40}
  api_server_args: {feature-gates: WatchListClient=true}
registries:
  mirrors:
    docker.io: {endpoints: ["https://z.example/v2/hub", "http://a.example:5000"]}
    "*": {endpoints: ["https://all.example"]}
  configs:
    "a.example:5000":
      auth: {username: user, password: 'pass"word'}
      tls: {insecure_skip_verify: true}
    r.example:
      auth: {token: token}
      tls:
        ca: "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n"
        cert: "-----BEGIN CERTIFICATE-----\nCERT\n-----END CERTIFICATE-----\n"
        key: "-----BEGIN PRIVATE KEY-----\nKEY\n-----END PRIVATE KEY-----\n"
"#;

fn plain() -> Settings {
    Settings::named("edge-1", "0.1.0")
}

fn rich() -> Settings {
    let config = os_config::parse_config("config.yaml", EVERYTHING.as_bytes()).expect("sound");
    let mut settings = Settings::of(&config, "edge-1", "0.1.0", None);
    settings
        .environment
        .insert("HTTPS_PROXY".into(), "http://proxy.example:3128".into());
    settings
}

fn facts() -> NodeFacts {
    NodeFacts {
        address: "192.168.1.5".parse().expect("address"),
        memory: 2 << 30,
        now: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        emulate: None,
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

fn configuration(settings: &Settings) -> String {
    let folder = tempfile::tempdir().expect("temp folder");
    let authorities =
        Authorities::ensure(&folder.path().join("pki"), facts().now).expect("authorities");
    let paths = Paths::default();
    let files = plan::plan(settings, &facts(), &paths, &authorities).expect("a plan");
    let made_anew = |file: &PlannedFile| {
        file.path.starts_with("/run/holdfast/cluster/leaf")
            || file.path.starts_with("/run/holdfast/cluster/trust")
            || file.path == paths.kubeconfig("admin")
    };
    assert!(
        files.iter().all(|file| file.mode == 0o600),
        "what lies beside keys is private"
    );
    let same: Vec<PlannedFile> = files.into_iter().filter(|file| !made_anew(file)).collect();
    shown(&same)
}

#[test]
fn a_configuration_that_says_nothing() {
    insta::assert_snapshot!(configuration(&plain()));
}

/// The lines in which a configuration that says everything differs.
#[test]
fn what_a_configuration_changes() {
    let (plain, rich) = (configuration(&plain()), configuration(&rich()));
    let diff = similar::TextDiff::from_lines(&plain, &rich);
    let diff = diff.unified_diff().context_radius(2).to_string();
    // Where a change stands is the other golden's to say.
    let place = |line: &str| line.starts_with("@@");
    let lines = diff
        .lines()
        .map(|line| if place(line) { "@@" } else { line });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
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
    let services = runtime::services(&plain());
    insta::assert_snapshot!(serde_json::to_string_pretty(&services).expect("JSON"));
}

fn lay_out_manifests(paths: &Paths) {
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
}

#[test]
fn packaged_manifests_are_whole() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    lay_out_manifests(&paths);
    let mut settings = plain();
    let show = |settings: &Settings| {
        let wanted = runtime::keeper::packaged(settings, &paths);
        assert_eq!(wanted.problems, []);
        let show = |d: &runtime::keeper::Document| format!("{}: {}", d.file, d.object);
        wanted
            .documents
            .iter()
            .map(show)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(!show(&settings).contains("upgrade-controller"));
    std::fs::create_dir_all(paths.cluster()).expect("folder");
    host::file::write_in_memory(&paths.upgrades_exist(), 0o644, "").expect("write");
    insta::assert_snapshot!(show(&settings));
    settings.components.metrics_server = false;
    assert!(!show(&settings).contains("metrics-server"));
}

/// What is mounted below a folder of the node comes along with it, and `/usr/local` is on state.
#[test]
fn system_pods_see_one_file_of_the_node_or_nothing_to_write() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    lay_out_manifests(&paths);
    std::fs::create_dir_all(paths.cluster()).expect("folder");
    host::file::write_in_memory(&paths.upgrades_exist(), 0o644, "").expect("write");
    let mut seen = 0;
    for document in runtime::keeper::packaged(&plain(), &paths).documents {
        let name = &document.file;
        let pod = &document.content["spec"]["template"]["spec"];
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        for volume in list(&pod["volumes"]) {
            let Some(path) = volume["hostPath"]["path"].as_str() else {
                continue;
            };
            seen += 1;
            let one_file = volume["hostPath"]["type"] == "File";
            let mounts = list(&pod["containers"])
                .iter()
                .flat_map(|container| list(&container["volumeMounts"]))
                .filter(|mount| mount["name"] == volume["name"])
                .collect::<Vec<_>>();
            assert!(!mounts.is_empty(), "{name}: {path}");
            for mount in mounts {
                let deep = mount["recursiveReadOnly"] == "IfPossible";
                let read_only = mount["readOnly"] == true;
                assert!(read_only && (one_file || deep), "{name}: {path}");
            }
        }
    }
    assert_eq!(seen, 3, "CoreDNS, metrics-server, upgrade controller");
}
