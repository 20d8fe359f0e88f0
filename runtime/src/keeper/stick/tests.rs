use super::releases::Found;
use super::{Plugged, bring_manifests, machine, plugged, read_stick};
use crate::{Paths, Settings};
use bundle::Turn;
use os_config::{Bundles, SigningKey};
use std::fs;
use std::path::Path;
use std::time::Duration;
use upgrade_api::Offer;

const MANIFEST: &str = "kind: Namespace\n";

fn settings(signers: &[&str], unsigned: bool) -> Settings {
    let signers = signers
        .iter()
        .map(|key| SigningKey::parse(key).expect("a key"));
    Settings {
        bundles: Bundles {
            signers: signers.collect(),
            unsigned,
            manifests: true,
        },
        ..Settings::named("edge", "1.0.0")
    }
}

/// What is plugged in, with a repository that has release 0.3.0.
fn looked(settings: &Settings, paths: &Paths) -> Plugged {
    let offer = Offer {
        version: "0.3.0".to_owned(),
        channels: Vec::new(),
        given_by: Vec::new(),
        not_because: None,
        changelog: String::new(),
    };
    plugged(settings, paths, &|| Found::Releases(vec![offer.clone()]))
}

/// A new key, as OpenSSL makes it.
fn new_key() -> bundle::PrivateKey {
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519"])
        .output()
        .expect("openssl runs");
    let pem = String::from_utf8(made.stdout).expect("text");
    bundle::PrivateKey::from_pem(&pem).expect("a key")
}

/// Plugs in a bundle with these manifests, of this text each.
fn plug(paths: &Paths, manifests: &[&str], signer: Option<&bundle::PrivateKey>) {
    let stick = paths.at(init_api::paths::STICK_MOUNT);
    let folder = stick.join("holdfast");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("manifests")).expect("folder");
    let mut files = serde_json::Map::new();
    for name in manifests {
        fs::write(folder.join("manifests").join(name), MANIFEST).expect("write");
        let entry =
            serde_json::json!({"size": MANIFEST.len(), "sha256": host::digest::of_bytes(MANIFEST)});
        files.insert(format!("manifests/{name}"), entry);
    }
    let listing = serde_json::json!({"format": 1, "name": "stores", "made": "2026-10-01T00:00:00Z",
        "images": ["docker.io/library/app:1"], "files": files});
    let listing = listing.to_string();
    if let Some(key) = signer {
        let signature = key.sign(listing.as_bytes()).to_string();
        fs::write(folder.join("bundle.sig"), signature).expect("write");
    }
    fs::write(folder.join("bundle.json"), listing).expect("write");
    let device = paths.at(init_api::paths::STICK);
    fs::create_dir_all(device.parent().expect("a folder")).expect("folder");
    fs::write(device, "/dev/sdb1\n").expect("write");
}

#[test]
fn whose_bundles_are_taken() {
    let (key, other) = (new_key(), new_key().public().to_string());
    let public = key.public().to_string();
    let (mine, other) = (public.as_str(), other.as_str());
    let told = "/dev/sdb1: bundle stores of 2026-10-01T00:00:00Z with 1 images and 1 manifests";
    let cases: [(&str, bool, Settings, bool, &str); 6] = [
        (
            "signed by a signer",
            true,
            settings(&[other, mine], false),
            true,
            "",
        ),
        (
            "signed by somebody else",
            true,
            settings(&[other], false),
            false,
            mine,
        ),
        (
            "signed, and nobody is believed",
            true,
            settings(&[], false),
            false,
            "no key in `bundles.signers`",
        ),
        (
            "not signed",
            false,
            settings(&[mine], false),
            false,
            "nobody signed it",
        ),
        (
            "not signed, and taken all the same",
            false,
            settings(&[], true),
            true,
            "",
        ),
        (
            "signed by somebody else, and taken",
            true,
            settings(&[other], true),
            true,
            "",
        ),
    ];
    for (case, signed, settings, taken, problem) in cases {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        plug(&paths, &["app.yaml"], signed.then_some(&key));
        let found = looked(&settings, &paths);
        assert_eq!(found.bundle.is_some(), taken, "{case}");
        let shown = found.told.expect("it is told");
        assert!(shown.starts_with(told), "{case}: {shown}");
        assert_eq!(shown.ends_with("not used"), !taken, "{case}: {shown}");
        let problems = found.problems.join("\n");
        assert_eq!(problems.is_empty(), taken, "{case}: {problems}");
        assert!(problems.contains(problem), "{case}: {problems}");
    }
}

#[test]
fn no_stick_is_nothing_and_a_damaged_one_is_said() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let found = looked(&settings(&[], true), &paths);
    assert!(found.bundle.is_none() && found.told.is_none() && found.problems.is_empty());
    plug(&paths, &["app.yaml"], None);
    let stick = paths.at(init_api::paths::STICK_MOUNT);
    fs::write(stick.join("holdfast/bundle.json"), "{").expect("write");
    let found = looked(&settings(&[], true), &paths);
    assert!(found.bundle.is_none());
    assert!(
        found.problems[0].contains("is no listing of a bundle"),
        "{:?}",
        found.problems
    );
    fs::remove_dir_all(stick.join("holdfast")).expect("removed");
    fs::create_dir_all(stick.join("holdfast/releases/metadata")).expect("folder");
    fs::write(
        stick.join("holdfast/releases/metadata/timestamp.json"),
        "{}",
    )
    .expect("write");
    let found = looked(&settings(&[], false), &paths);
    assert_eq!(
        found.told.as_deref(),
        Some("/dev/sdb1: release 0.3.0 (`usb: {}`)")
    );
    assert!(found.bundle.is_none() && found.problems.is_empty());
}

#[test]
fn a_bundle_for_other_machines_is_not_used_and_that_is_said() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    plug(&paths, &["app.yaml"], None);
    let listing = paths
        .at(init_api::paths::STICK_MOUNT)
        .join("holdfast/bundle.json");
    let text = fs::read_to_string(&listing).expect("read");
    for (platforms, taken) in [
        (vec!["s390x"], false),
        (vec!["s390x", machine()], true),
        (vec![], true),
    ] {
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["platforms"] = platforms.clone().into();
        fs::write(&listing, json.to_string()).expect("write");
        let plugged = looked(&settings(&[], true), &paths);
        assert_eq!(plugged.bundle.is_some(), taken, "{platforms:?}");
        assert_eq!(plugged.problems.is_empty(), taken, "{platforms:?}");
        if !taken {
            let said = plugged.problems.join("\n");
            let wanted = format!(
                "the stick /dev/sdb1: bundle stores has images for s390x alone, and this machine is {0}: make it again with `--platform {0}`",
                machine()
            );
            assert!(said.starts_with(&wanted), "{said}");
            assert!(plugged.told.is_some_and(|told| told.ends_with("not used")));
        }
    }
}

/// A backup that goes onto the stick waits for its images, and they for it.
#[test]
fn a_bundle_stays_mounted_while_it_is_read() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    plug(&paths, &["app.yaml"], None);
    let turns = paths.at(init_api::paths::STICK_TURNS);
    let alone = || Turn::alone(&turns, Duration::ZERO, || {}).expect("a lock");
    let reads = read_stick(&settings(&[], true), &paths);
    assert!(reads.bundle.is_some());
    assert!(alone().is_none(), "it is read");
    drop(reads);
    assert!(alone().is_some(), "it is not read any more");
    let refused = read_stick(&settings(&[], false), &paths);
    assert!(
        alone().is_some(),
        "{refused:?}: nobody reads what is not used"
    );
}

/// A second stick, or one that cannot be mounted, is told whether or not another is used.
#[test]
fn sticks_that_are_not_used_are_told() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let said = paths.at(init_api::paths::STICK_PROBLEMS);
    fs::create_dir_all(said.parent().expect("a folder")).expect("folder");
    fs::write(&said, "/dev/sdc cannot be read: bad superblock\n").expect("write");
    let wanted = ["the stick /dev/sdc cannot be read: bad superblock".to_owned()];
    assert_eq!(looked(&settings(&[], true), &paths).problems, wanted);
    plug(&paths, &["app.yaml"], None);
    let found = looked(&settings(&[], true), &paths);
    assert!(found.bundle.is_some());
    assert_eq!(found.problems, wanted);
}

#[test]
fn manifests_take_the_place_of_those_before() {
    let root = tempfile::tempdir().expect("temp folder");
    let paths = Paths::below(root.path());
    let folder = paths.user_manifests();
    fs::create_dir_all(&folder).expect("folder");
    for mine in ["own.yaml", "bundle.stores-2.a.yaml"] {
        fs::write(folder.join(mine), MANIFEST).expect("write");
    }
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("folder").flatten();
        let mut names: Vec<_> = entries
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.join(" ")
    };
    let bring = || {
        let bundle = looked(&settings(&[], true), &paths).bundle.expect("taken");
        bring_manifests(&bundle, &folder)
    };
    plug(&paths, &["a.yaml", "b.yaml"], None);
    assert_eq!(bring(), Vec::<String>::new());
    assert_eq!(
        names(&folder),
        "bundle.stores-2.a.yaml bundle.stores.a.yaml bundle.stores.b.yaml own.yaml"
    );
    plug(&paths, &["c.yaml"], None);
    let damaged = paths
        .at(init_api::paths::STICK_MOUNT)
        .join("holdfast/manifests/c.yaml");
    fs::write(&damaged, "kind: Namespacf\n").expect("write");
    let problems = bring();
    assert!(
        problems[0].starts_with("manifest c.yaml of bundle stores:"),
        "{problems:?}"
    );
    assert_eq!(
        names(&folder),
        "bundle.stores-2.a.yaml bundle.stores.a.yaml bundle.stores.b.yaml own.yaml"
    );
    fs::write(&damaged, MANIFEST).expect("write");
    assert_eq!(bring(), Vec::<String>::new());
    assert_eq!(
        names(&folder),
        "bundle.stores-2.a.yaml bundle.stores.c.yaml own.yaml"
    );
}

#[test]
fn the_resource_and_the_node_mean_the_same_folder() {
    assert_eq!(upgrade_crd::STICK_RELEASES, init_api::paths::STICK_RELEASES);
    let below = Path::new(init_api::paths::STICK_MOUNT)
        .join(bundle::FOLDER)
        .join(bundle::RELEASES);
    assert_eq!(Path::new(init_api::paths::STICK_RELEASES), below);
}
