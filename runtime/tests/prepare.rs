//! `prepare` in a folder of its own: what it leaves behind, and that it can be run again at any time.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

use runtime::address::Patience;
use runtime::{Founding, Paths, Settings, load_settings, prepare};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn node(root: &Path) -> (Settings, Paths) {
    let mut settings = Settings::named("edge", "0.1.0");
    settings.node.address = Some("127.0.0.1".parse().expect("address"));
    (settings, Paths::below(root))
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).expect("read"));
        }
    }
    all
}

#[test]
fn again_it_changes_only_what_is_for_one_boot() {
    let root = tempfile::tempdir().expect("temp folder");
    let (settings, paths) = node(root.path());
    prepare(&settings, &paths, Patience::default()).expect("first");
    let lasting = files(&paths.cluster());
    let admin = fs::read(paths.kubeconfig("admin")).expect("read");
    prepare(&settings, &paths, Patience::default()).expect("again");
    assert_eq!(files(&paths.cluster()), lasting);
    assert_ne!(fs::read(paths.kubeconfig("admin")).expect("read"), admin);
    for (path, _) in files(&paths.run()).into_iter().chain(lasting) {
        let mode = fs::metadata(&path).expect("metadata").permissions().mode() & 0o777;
        let open = ["address", "resolv.conf"]
            .iter()
            .any(|name| path == paths.run().join(name));
        assert_eq!(mode, if open { 0o644 } else { 0o600 }, "{}", path.display());
    }
    let mode = fs::metadata(paths.run())
        .expect("metadata")
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o700);
}

#[test]
fn notes_of_the_last_boot_are_forgotten_but_not_those_of_this_one() {
    let root = tempfile::tempdir().expect("temp folder");
    let (mut settings, paths) = node(root.path());
    let note = paths.at("/var/lib/kubelet/cpu_manager_state");
    let write = || {
        fs::create_dir_all(note.parent().expect("folder")).expect("folder");
        fs::write(&note, "{\"policyName\":\"none\"}").expect("write");
    };
    write();
    prepare(&settings, &paths, Patience::default()).expect("boot");
    assert!(!note.exists());
    write();
    prepare(&settings, &paths, Patience::default()).expect("new settings");
    assert!(note.exists());
    let flag = "cpu-manager-policy".parse().expect("a flag");
    let fixed = (flag, vec!["static".into()]);
    settings.args.kubelet.extend([fixed]);
    prepare(&settings, &paths, Patience::default()).expect("a new policy");
    assert!(!note.exists());
}

#[test]
fn a_cluster_stays_what_it_was_founded_as() {
    let root = tempfile::tempdir().expect("temp folder");
    let (first, paths) = node(root.path());
    prepare(&first, &paths, Patience::default()).expect("first");
    let founded = Founding::load(&paths).expect("read").expect("kept");
    assert_eq!(founded, first.founding());
    let mut second = first.clone();
    second.node.name = "shop".parse().expect("a name");
    second.cluster.pods = "10.50.0.0/16".parse().expect("network");
    second.cluster.services = "10.51.0.0/16".parse().expect("network");
    second.cluster.domain = "shop.local".parse().expect("a domain");
    let plan = || fs::read_to_string(paths.engine_plan()).expect("read");
    let before = plan();
    prepare(&second, &paths, Patience::default()).expect("second");
    assert_eq!(plan(), before);
    assert_eq!(Founding::load(&paths).expect("read"), Some(founded));
}

/// A node that ran before this was kept: what it runs with now is what it was founded with, and it waits for nothing.
#[test]
fn a_cluster_from_before_keeps_what_it_runs_with() {
    let root = tempfile::tempdir().expect("temp folder");
    let (mut settings, paths) = node(root.path());
    prepare(&settings, &paths, Patience::default()).expect("its first boot");
    fs::write(paths.database().join("state.db"), "").expect("write");
    fs::remove_file(paths.founding()).expect("remove");
    settings.node.name = "shop".parse().expect("a name");
    let url = "https://config.example/never-fetched";
    settings.config_url = Some(url.parse().expect("an address"));
    let started = std::time::Instant::now();
    prepare(&settings, &paths, Patience::default()).expect("prepared");
    assert!(started.elapsed() < std::time::Duration::from_secs(30));
    let founded = Founding::load(&paths).expect("read");
    assert_eq!(founded, Some(settings.founding()));
}

#[test]
fn a_damaged_founding_stops_the_cluster_and_is_left_alone() {
    let root = tempfile::tempdir().expect("temp folder");
    let (settings, paths) = node(root.path());
    fs::create_dir_all(paths.cluster()).expect("folder");
    fs::write(paths.founding(), "{").expect("write");
    prepare(&settings, &paths, Patience::default()).expect_err("damaged");
    assert_eq!(fs::read_to_string(paths.founding()).expect("read"), "{");
    assert!(!paths.engine_plan().exists());
}

#[test]
fn a_known_pod_network_is_there_before_the_api_is() {
    let root = tempfile::tempdir().expect("temp folder");
    let (settings, paths) = node(root.path());
    prepare(&settings, &paths, Patience::default()).expect("first boot");
    assert!(!paths.cni().exists());
    for (case, note, known) in [
        ("damaged", "{\"pods\": ", false),
        ("known", "{\"pods\": \"10.42.0.0/24\", \"mtu\": 1450}", true),
    ] {
        fs::write(paths.pod_network(), note).expect("write");
        prepare(&settings, &paths, Patience::default()).expect(case);
        assert_eq!(paths.cni().exists(), known, "{case}");
    }
}

#[test]
fn a_full_or_read_only_state_says_so() {
    let root = tempfile::tempdir().expect("temp folder");
    let (settings, paths) = node(root.path());
    fs::create_dir_all(paths.cluster().parent().expect("folder")).expect("folder");
    fs::write(paths.cluster(), "in the way").expect("write");
    let error = prepare(&settings, &paths, Patience::default()).expect_err("no folder");
    let chain = format!(
        "{error}: {}",
        std::error::Error::source(&error).expect("a cause")
    );
    assert!(
        chain.contains("cannot make the folder") && chain.contains("holdfast/cluster"),
        "{chain}"
    );
}

/// What `holdfast node configure` leaves behind for a machine of this name.
fn configured(paths: &Paths, hostname: &str, lines: &str) {
    let text = format!("version: 1\n{lines}");
    let mut config = os_config::parse_config("config.yaml", text.as_bytes()).expect("sound");
    // The only address that every machine has is none that a file may name.
    config.kubernetes.node_address = Some("127.0.0.1".parse().expect("address"));
    let founded = Founding::load(paths).expect("none or sound");
    let settings = Settings::of(&config, hostname, "0.1.0", founded.as_ref());
    init_api::store(paths.at(init_api::paths::SETTINGS), &settings).expect("written");
}

#[test]
fn a_machine_with_a_new_host_name_is_the_same_node() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    configured(&paths, "holdfast-012345", "");
    let first = load_settings(&paths).expect("first");
    prepare(&first, &paths, Patience::default()).expect("prepared");
    configured(&paths, "shop-7", "");
    let second = load_settings(&paths).expect("second");
    assert!(second.founded && !first.founded);
    assert_eq!(second.node, first.node);
    assert_eq!(second.node.name.as_str(), "holdfast-012345");
    assert_eq!(second, load_settings(&paths).expect("the same each time"));
}

/// What the configuration was written down before the cluster was founded does not count afterwards.
#[test]
fn settings_from_before_the_founding_are_overruled_by_it() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    configured(&paths, "edge", "");
    prepare(
        &load_settings(&paths).expect("first"),
        &paths,
        Patience::default(),
    )
    .expect("founded");
    let late = "kubernetes: {pod_cidr: 10.50.0.0/16}\n";
    let config = os_config::parse_config("config.yaml", format!("version: 1\n{late}").as_bytes());
    let unaware = Settings::of(&config.expect("sound"), "shop", "0.1.0", None);
    init_api::store(paths.at(init_api::paths::SETTINGS), &unaware).expect("written");
    let loaded = load_settings(&paths).expect("loaded");
    assert!(loaded.founded);
    assert_eq!(loaded.node.name.as_str(), "edge");
    assert_eq!(loaded.cluster.pods.to_string(), "10.42.0.0/16");
}

#[test]
fn a_new_cluster_is_founded_with_what_was_fetched_meanwhile() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let url = "config_url: https://config.example/own\n";
    configured(&paths, "holdfast-012345", url);
    let before = load_settings(&paths).expect("before");
    configured(&paths, "shop-7", url);
    let whole = init_api::Configured {
        url_in_force: true,
        ..init_api::Configured::default()
    };
    let text = serde_json::to_string(&whole).expect("JSON");
    fs::write(paths.at(init_api::paths::CONFIGURED), text).expect("write");
    prepare(&before, &paths, Patience::default()).expect("prepared");
    let founded = Founding::load(&paths).expect("read").expect("kept");
    assert_eq!(founded.node_name.as_str(), "shop-7");
}
