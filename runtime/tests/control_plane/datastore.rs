//! A datastore that is damaged.

use crate::engine::ControlPlane;
use runtime::Paths;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

fn config_map(plane: &ControlPlane, name: &str) {
    plane.kubectl(&["create", "configmap", name, "--from-literal=a=b"]);
}

/// As it was done to a node: 160 KiB at the twentieth page.
fn damage(paths: &Paths) {
    let database = File::options()
        .write(true)
        .open(paths.database().join("state.db"));
    let bytes = [0xa5; 160 << 10];
    let written = database.and_then(|file| file.write_all_at(&bytes, 20 << 10));
    written.expect("damaged");
}

#[test]
fn a_damaged_one_is_set_aside_and_a_snapshot_takes_its_place() {
    let mut plane = ControlPlane::alone();
    config_map(&plane, "kept");
    // What another version took last makes the engine take one before it opens the datastore.
    let foreign = "r1-20261101T120000Z-v1.0.0.db";
    plane.restart_after(|paths| {
        fs::write(paths.snapshots().join(foreign), "no database").expect("a snapshot");
    });
    config_map(&plane, "lost");
    plane.restart_after(damage);
    plane.eventually(&["get", "configmap", "kept", "--output=name"], |_| true);
    let lost = plane.try_kubectl(&["get", "configmap", "lost"]);
    assert!(lost.is_err_and(|words| words.contains("not found")));
    let kept = fs::read_dir(plane.paths.database()).expect("folder");
    let aside = kept.map(|entry| entry.expect("entry").path());
    let aside = aside
        .filter(|path| path.join("state.db").exists())
        .last()
        .expect("the damaged one is kept");
    let what = fs::read_to_string(aside.join("what.json")).expect("what it is");
    assert!(what.contains(r#""what": "snapshot""#), "{what}");
    // As long as it is there nothing may be given the number of a revision that was seen.
    let version = plane.kubectl(&[
        "get",
        "configmap",
        "kept",
        "-o=jsonpath={.metadata.resourceVersion}",
    ]);
    config_map(&plane, "new");
    let newer = plane.kubectl(&[
        "get",
        "configmap",
        "new",
        "-o=jsonpath={.metadata.resourceVersion}",
    ]);
    let number = |text: &str| text.parse::<u64>().expect("a revision");
    assert!(
        number(&newer) > number(&version) + 900_000_000,
        "{version} {newer}"
    );
}
