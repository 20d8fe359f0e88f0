//! A backup and the way back, on nodes that are folders; the engine is a script that copies.

use crate::age::Identity;
use crate::make::not_written;
use crate::{About, MakeError, OwnConfig, make, unpack};
use init_api::{Root, paths};
use os_config::Recipient;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn write(root: &Root, path: &str, text: &str) {
    let path = root.path(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
    fs::write(path, text).expect("written");
}

/// A node, and one that was just flashed with the same release.
fn node(folder: &Path) -> Root {
    let root = Root::new(folder);
    let release = r#"{"version":"0.2.0","build_time":1,"kubernetes":"v1.37.1"}"#;
    write(&root, paths::RELEASE, release);
    let engine = "#!/bin/sh\n[ \"$1\" = datastore-copy ] && exec cp \"$2\" \"$3\"\n";
    write(&root, paths::ENGINE, engine);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.path(paths::ENGINE), mode).expect("a program");
    for (name, text) in [
        ("cluster/pki/ca.crt", "the authority"),
        ("cluster/pki/etcd/x.key", "a key"),
        ("cluster/pki/.ca.key.new", "half written"),
        ("cluster/encryption.yaml", "secret: abc"),
        ("cluster/founding.json", r#"{"node_name":"edge-7"}"#),
        ("cluster/db/state.db", &"rows ".repeat(50_000)),
        ("cluster/containerd.toml", "made anew"),
        ("machine-id", "0123"),
        ("ssh/ssh_host_ed25519_key", "the host key"),
        ("upgrade/trial.json", "of this disk alone"),
    ] {
        write(&root, &format!("{}/{name}", paths::STATE), text);
    }
    root
}

fn key() -> (Identity, Recipient) {
    let made = Command::new("age-keygen").output().expect("age-keygen");
    let text = String::from_utf8(made.stdout).expect("text");
    let public = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let recipient = Recipient::parse(public.expect("a line")).expect("a recipient");
    (Identity::parse(&text).expect("a key"), recipient)
}

fn saved(root: &Root, recipient: &Recipient) -> (About, Vec<u8>) {
    let to = root.path("/backup");
    let config = OwnConfig {
        text: Some(b"version: 1\n".to_vec()),
        signatures: Some(b"ed25519:A B\n".to_vec()),
    };
    let about = make(
        root,
        config,
        std::slice::from_ref(recipient),
        "now".into(),
        &to,
    );
    let about = about.expect("made");
    assert!(
        !root
            .path("/var/lib/holdfast/cluster/db/backup-copy.db")
            .exists()
    );
    (about, fs::read(to).expect("there"))
}

#[test]
fn all_that_makes_a_node_comes_back_and_nothing_else() {
    let (old, new) = (
        tempfile::tempdir().expect("folder"),
        tempfile::tempdir().expect("folder"),
    );
    let (old, new) = (node(old.path()), node(new.path()));
    let (key, recipient) = key();
    let (about, file) = saved(&old, &recipient);
    assert_eq!(
        (about.node.as_str(), about.kubernetes.as_str()),
        ("edge-7", "v1.37.1")
    );
    assert_eq!(
        unpack(&new, file.as_slice(), &key, false).expect("right"),
        about
    );
    let laid = |name: &str| fs::read_to_string(new.path(paths::RESTORE).join(name));
    let own = |name: &&String| name.starts_with("config.yaml");
    for name in about.files.iter().filter(|name| !own(name)) {
        let was = fs::read_to_string(old.path(paths::STATE).join(name)).expect("there");
        assert!(laid(name).expect(name) == was, "{name}");
    }
    assert_eq!(laid("config.yaml").expect("there"), "version: 1\n");
    assert_eq!(laid("config.yaml.sig").expect("there"), "ed25519:A B\n");
    // No revision is given twice.
    assert_eq!(laid("cluster/db/state.db-restored").expect("there"), "");
    for other in [
        "cluster/containerd.toml",
        "cluster/pki/.ca.key.new",
        "upgrade/trial.json",
    ] {
        assert!(laid(other).is_err(), "{other}");
    }
    unpack(&new, file.as_slice(), &key, true).expect("again");
    for name in ["config.yaml", "config.yaml.sig"] {
        assert!(laid(name).is_err(), "its own configuration stays");
    }
}

#[test]
fn a_backup_that_is_not_right_changes_nothing() {
    let (old, new) = (
        tempfile::tempdir().expect("folder"),
        tempfile::tempdir().expect("folder"),
    );
    let (old, new) = (node(old.path()), node(new.path()));
    let ((key, recipient), (other, _)) = (key(), self::key());
    let (_, file) = saved(&old, &recipient);
    let says = |file: &[u8], key: &Identity, expected: &str| {
        let error = unpack(&new, file, key, false).expect_err(expected);
        let said = host_said(&error);
        assert!(said.contains(expected), "{said}");
        assert!(
            !new.path(paths::RESTORE).exists(),
            "something was laid: {said}"
        );
    };
    says(&file, &other, "not encrypted to this key");
    for length in [10, file.len() / 3, file.len() - 1] {
        says(&file[..length], &key, "cut off");
    }
    let mut changed = file.clone();
    let at = changed.len() - 100;
    changed[at] ^= 1;
    says(&changed, &key, "damaged");
    says(b"hello\n", &key, "no backup of Holdfast");
    for (release, expected) in [
        (
            r#"{"version":"0.1.9","build_time":1,"kubernetes":"v1.37.0"}"#,
            "made by release 0.2.0",
        ),
        (
            r#"{"version":"0.2.0","build_time":1,"kubernetes":"v1.36.9"}"#,
            "written by Kubernetes 1.37",
        ),
    ] {
        write(&new, paths::RELEASE, release);
        says(&file, &key, expected);
    }
}

fn host_said(error: &dyn std::error::Error) -> String {
    let source = error.source().map(host_said);
    source.map_or(error.to_string(), |source| format!("{error}: {source}"))
}

#[test]
fn a_place_that_takes_no_more_is_told_with_what_to_do() {
    // The numbers of ENOSPC, EDQUOT, EFBIG, EROFS and EIO.
    for (number, expected) in [
        (
            28,
            "there is no room for the backup /stick/a.age; nothing was left behind",
        ),
        (122, "there is no room"),
        (27, "there is no room"),
        (
            30,
            "what it would be on is read-only; switch its write protection off",
        ),
        (5, "cannot write the backup /stick/a.age"),
    ] {
        let error = std::io::Error::from_raw_os_error(number);
        let said = not_written(Path::new("/stick/a.age"), error).to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn what_cannot_be_saved_leaves_no_file() {
    let folder = tempfile::tempdir().expect("folder");
    let root = node(folder.path());
    let (_, recipient) = key();
    let to = root.path("/backup");
    let made =
        |recipients: &[Recipient]| make(&root, OwnConfig::default(), recipients, "now".into(), &to);
    assert!(matches!(made(&[]), Err(MakeError::NoRecipient)));
    write(
        &root,
        paths::ENGINE,
        "#!/bin/sh\necho 'the datastore is damaged' >&2; exit 1\n",
    );
    let error = made(std::slice::from_ref(&recipient)).expect_err("damaged");
    assert!(
        host_said(&error).contains("the datastore is damaged"),
        "{error}"
    );
    fs::remove_file(root.path("/var/lib/holdfast/cluster/encryption.yaml")).expect("removed");
    assert!(matches!(made(&[recipient]), Err(MakeError::NoCluster(_))));
    assert!(!to.exists());
}
