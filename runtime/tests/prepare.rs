//! `prepare` in a folder of its own: what it leaves behind, and that it can be run again at any time.

use runtime::address::Patience;
use runtime::{ClusterSettings, Paths, prepare};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn node(root: &Path) -> (ClusterSettings, Paths) {
    let mut settings = ClusterSettings::named("edge", "0.1.0");
    settings.node_address = Some("127.0.0.1".parse().expect("address"));
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
    let (settings, paths) = node(root.path());
    let note = paths.at("/var/lib/kubelet/cpu_manager_state");
    let write = || {
        fs::create_dir_all(note.parent().expect("folder")).expect("folder");
        fs::write(&note, "").expect("write");
    };
    write();
    prepare(&settings, &paths, Patience::default()).expect("boot");
    assert!(!note.exists());
    write();
    prepare(&settings, &paths, Patience::default()).expect("new settings");
    assert!(note.exists());
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
