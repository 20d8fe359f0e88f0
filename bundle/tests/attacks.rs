//! Bundles that somebody changed: each is refused with a message of its own, and nothing that was not listed is given.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test"
)]

use bundle::{Bundle, Entry, FOLDER, LISTING, Listing, PrivateKey, PublicKey, SIGNATURES};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use tempfile::TempDir;

const LAYER: &[u8] = b"a layer";
const INDEX: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const MANIFEST: &[u8] = b"kind: Namespace\n";

fn key(seed: u8) -> PrivateKey {
    use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding};
    let pair = KeypairBytes {
        secret_key: [seed; 32],
        public_key: None,
    };
    PrivateKey::from_pem(&pair.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap()
}

fn blob() -> String {
    format!("images/blobs/sha256/{}", host::digest::of_bytes(LAYER))
}

/// A bundle, signed by key 1.
fn stick() -> TempDir {
    let stick = tempfile::tempdir().unwrap();
    let files = [
        (blob(), LAYER),
        ("images/index.json".to_owned(), INDEX),
        ("images/oci-layout".to_owned(), LAYOUT),
        ("manifests/app.yaml".to_owned(), MANIFEST),
    ];
    let mut entries = BTreeMap::new();
    for (path, bytes) in files {
        let at = stick.path().join(FOLDER).join(&path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, bytes).unwrap();
        let sha256 = host::digest::of_bytes(bytes);
        let size = bytes.len() as u64;
        entries.insert(path, Entry { size, sha256 });
    }
    let images = BTreeSet::from(["docker.io/library/app:1".to_owned()]);
    let name = "stores".parse().unwrap();
    let listing = Listing::new(
        name,
        "2026-10-01T00:00:00Z".into(),
        (images, [].into()),
        entries,
        false,
    );
    let listing = listing.unwrap();
    let text = listing.to_json().unwrap();
    let folder = stick.path().join(FOLDER);
    fs::write(folder.join(SIGNATURES), format!("{}\n", key(1).sign(&text))).unwrap();
    fs::write(folder.join(LISTING), text).unwrap();
    stick
}

fn archived(bundle: &Bundle) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut bytes = Vec::new();
    let written = bundle.write_images(&mut bytes);
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
        let Ok(mut entry) = entry else { break };
        let mut content = Vec::new();
        if entry.read_to_end(&mut content).is_err() {
            break;
        }
        files.push((entry.path().unwrap().display().to_string(), content));
    }
    match written {
        Ok(()) => Ok(files),
        Err(error) => {
            let heads = files.iter().any(|(name, _)| name == "oci-layout");
            assert!(!heads, "a layout in an archive that broke off: {error}");
            Err(error.to_string())
        }
    }
}

#[test]
fn what_is_listed_is_given_and_the_layout_comes_last() {
    let stick = stick();
    let bundle = Bundle::open(stick.path(), &[key(2).public(), key(1).public()]).unwrap();
    assert_eq!(bundle.vouched_by(), Some(key(1).public()));
    assert_eq!(bundle.manifests().collect::<Vec<_>>(), ["app.yaml"]);
    assert_eq!(bundle.manifest("app.yaml").unwrap(), MANIFEST);
    let expected = [
        (
            blob().trim_start_matches("images/").to_owned(),
            LAYER.to_vec(),
        ),
        ("index.json".to_owned(), INDEX.to_vec()),
        ("oci-layout".to_owned(), LAYOUT.to_vec()),
    ];
    assert_eq!(archived(&bundle).unwrap(), expected);
}

#[test]
fn nobody_vouches_for_what_others_signed() {
    let stick = stick();
    let other = Bundle::open(stick.path(), &[key(2).public()]).unwrap();
    assert_eq!(other.vouched_by(), None);
    assert_eq!(other.keys(), [key(1).public()]);
    fs::remove_file(stick.path().join(FOLDER).join(SIGNATURES)).unwrap();
    let unsigned = Bundle::open(stick.path(), &[key(1).public()]).unwrap();
    assert_eq!((unsigned.vouched_by(), unsigned.keys()), (None, &[][..]));
}

#[test]
fn keys_as_text() {
    let public = key(1).public();
    assert_eq!(public.to_string().parse::<PublicKey>(), Ok(public));
    for text in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "ed25519:!"] {
        let error = text.parse::<PublicKey>().unwrap_err().to_string();
        assert!(error.contains("is no public key"), "{text}: {error}");
    }
}

#[test]
fn what_was_changed_is_refused() {
    type Change = fn(&Path);
    let cases: [(&str, Change, &str); 10] = [
        (
            "a listing that was changed after it was signed",
            |at| {
                let text = fs::read_to_string(at.join(LISTING)).unwrap();
                fs::write(at.join(LISTING), text.replace("stores", "stones")).unwrap();
            },
            "it was changed after it was signed",
        ),
        (
            "a signature file of something else",
            |at| fs::write(at.join(SIGNATURES), "hello\n").unwrap(),
            "line 1: no line of the form",
        ),
        (
            "a layer of other bytes",
            |at| fs::write(at.join(blob()), b"A layer").unwrap(),
            "its SHA-256 is another",
        ),
        (
            "a layer that was cut off",
            |at| fs::write(at.join(blob()), b"a lay").unwrap(),
            "it is shorter",
        ),
        (
            "a layer with something behind it",
            |at| fs::write(at.join(blob()), b"a layer!").unwrap(),
            "it is longer",
        ),
        (
            "an index of other images",
            |at| fs::write(at.join("images/index.json"), INDEX.to_ascii_uppercase()).unwrap(),
            "its SHA-256 is another",
        ),
        // As of a stick that was pulled out in between.
        (
            "a piece that is not there",
            |at| {
                fs::remove_file(at.join(blob())).unwrap();
                fs::write(at.join(format!("{}.1", blob())), b"a la").unwrap();
            },
            ".2 cannot be read",
        ),
        (
            "a piece of other bytes",
            |at| {
                fs::remove_file(at.join(blob())).unwrap();
                fs::write(at.join(format!("{}.1", blob())), b"a la").unwrap();
                fs::write(at.join(format!("{}.2", blob())), b"yes").unwrap();
            },
            "its SHA-256 is another",
        ),
        (
            "a piece too many",
            |at| {
                fs::remove_file(at.join(blob())).unwrap();
                fs::write(at.join(format!("{}.1", blob())), LAYER).unwrap();
                fs::write(at.join(format!("{}.2", blob())), b"!").unwrap();
            },
            "it is longer",
        ),
        (
            "a layer that is not there",
            |at| fs::remove_file(at.join(blob())).unwrap(),
            "cannot be read",
        ),
    ];
    for (case, change, part) in cases {
        let stick = stick();
        change(&stick.path().join(FOLDER));
        let opened = Bundle::open(stick.path(), &[key(1).public()]);
        let said = opened.map_err(|error| error.to_string());
        let said = said.and_then(|bundle| archived(&bundle).map(drop));
        let said = said.expect_err(case);
        assert!(said.contains(part), "{case}: {said}");
    }
}

#[test]
fn a_manifest_that_was_changed_is_not_given() {
    let stick = stick();
    let path = stick.path().join(FOLDER).join("manifests/app.yaml");
    fs::write(path, b"kind: Namespacf\n").unwrap();
    let bundle = Bundle::open(stick.path(), &[key(1).public()]).unwrap();
    let error = bundle.manifest("app.yaml").unwrap_err().to_string();
    assert!(error.contains("its SHA-256 is another"), "{error}");
    let error = bundle.manifest("other.yaml").unwrap_err().to_string();
    assert!(error.contains("lists no manifests/other.yaml"), "{error}");
}
