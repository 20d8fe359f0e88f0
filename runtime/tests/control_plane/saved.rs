//! A backup of a control plane in use, restored into another folder.

use crate::engine::{ControlPlane, engine, plan_anew};
use backup::age::Identity;
use init_api::{Root, paths};
use os_config::Recipient;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

fn key() -> (Identity, Recipient) {
    let made = Command::new("age-keygen").output();
    let made = made.expect("age-keygen: tools/setup installs it");
    let text = String::from_utf8(made.stdout).expect("text");
    let public = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let recipient = Recipient::parse(public.expect("a public key")).expect("a recipient");
    (Identity::parse(&text).expect("a key"), recipient)
}

/// What of a node is not the control plane's.
fn rest_of_a_node(root: &Root) {
    let release = r#"{"version":"0.1.0","build_time":1,"kubernetes":"v1.37.0"}"#;
    for (path, text) in [
        (paths::RELEASE, release),
        (
            "/var/lib/holdfast/machine-id",
            "0123456789abcdef0123456789abcdef\n",
        ),
        (
            "/var/lib/holdfast/cluster/founding.json",
            r#"{"node_name":"edge"}"#,
        ),
    ] {
        let path = root.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(path, text).expect("written");
    }
    let program = root.path(paths::ENGINE);
    symlink(fs::canonicalize(engine()).expect("an engine"), program).expect("a link");
}

#[test]
fn the_same_cluster_comes_back() {
    let mut plane = ControlPlane::alone();
    let root = Root::new(plane.paths.root());
    rest_of_a_node(&root);
    plane.kubectl(&["create", "configmap", "saved", "--from-literal=a=b"]);
    plane.kubectl(&[
        "create",
        "secret",
        "generic",
        "kept",
        "--from-literal=p=hidden",
    ]);
    let authority = fs::read(plane.paths.pki().join("ca.crt")).expect("an authority");
    let (key, recipient) = key();
    let file = root.path("/backup.age");
    // In use: nothing is stopped.
    let config = backup::OwnConfig::default();
    let about = backup::make(&root, config, &[recipient], "now".into(), &file).expect("saved");
    assert_eq!(about.node, "edge");
    plane.kubectl(&["create", "configmap", "later", "--from-literal=a=b"]);
    let version = |plane: &ControlPlane, name: &str| -> u64 {
        let path = "-o=jsonpath={.metadata.resourceVersion}";
        let text = plane.kubectl(&["get", "configmap", name, path]);
        text.parse().expect("a revision")
    };
    let seen = version(&plane, "later");

    // The disk is lost: another folder, of which the backup is all that there is.
    let settings = plane.settings.clone();
    plane.restart_after(|paths| {
        backup::unpack(&root, fs::File::open(&file).expect("there"), &key, false).expect("right");
        fs::remove_dir_all(paths.cluster()).expect("lost");
        fs::rename(root.path(paths::RESTORE).join("cluster"), paths.cluster()).expect("moved");
        let run = paths.run();
        fs::remove_dir_all(&run).expect("what every boot makes anew");
        plan_anew(&settings, paths);
    });
    plane.eventually(&["get", "configmap", "saved", "--output=name"], |_| true);
    // Encrypted at rest with the key that came back.
    let secret = plane.kubectl(&["get", "secret", "kept", "-o=jsonpath={.data.p}"]);
    assert_eq!(secret, "aGlkZGVu");
    let lost = plane.try_kubectl(&["get", "configmap", "later"]);
    assert!(lost.is_err_and(|words| words.contains("not found")));
    assert!(fs::read(plane.paths.pki().join("ca.crt")).expect("there") == authority);
    // Whoever has seen a revision does not see another thing under its number.
    plane.kubectl(&["create", "configmap", "new", "--from-literal=a=b"]);
    assert!(version(&plane, "new") > seen + 900_000_000);
}
