use std::io::Read as _;
use std::process::Command;

use super::*;

fn image() -> Image {
    let entry = |path: &str, mode, content| Entry {
        path: path.into(),
        mode,
        content,
    };
    Image {
        name: "holdfast.local/system:0.1.0".into(),
        architecture: "amd64".into(),
        entries: vec![
            entry("pause", 0o755, Content::File(b"\x7fELF".to_vec())),
            entry("usr", 0o755, Content::Directory),
            entry("lib", 0o777, Content::Symlink("usr/lib".into())),
        ],
        entrypoint: vec!["/pause".into()],
        env: vec!["PATH=/usr/bin".into()],
    }
}

fn written() -> (Vec<u8>, String) {
    let mut out = Vec::new();
    let digest = image().write(&mut out).unwrap();
    (out, digest)
}

fn member(archive: &[u8], path: &str) -> Vec<u8> {
    let mut tar = tar::Archive::new(archive);
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().to_str() == Some(path) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            return bytes;
        }
    }
    panic!("no {path} in the archive");
}

#[test]
fn digest_is_pinned() {
    let (bytes, manifest) = written();
    assert_eq!(bytes, written().0);
    assert_eq!(
        manifest,
        "sha256:13e6a2bb76bca4927492882a73320ed12ee1e00dfcc6253b8f32184bab0c66c8"
    );
    assert_eq!(
        digest(&bytes),
        "sha256:11e12d9a1a6162c7ed2278bd16d37bccc421606aff9dcb61488202520cf36a61"
    );
}

#[test]
fn every_reference_leads_to_a_blob_of_its_digest() {
    let (bytes, manifest_digest) = written();
    let index: Value = serde_json::from_slice(&member(&bytes, "index.json")).unwrap();
    let entry = &index["manifests"][0];
    assert_eq!(entry["digest"], manifest_digest.as_str());
    assert_eq!(
        entry["annotations"]["io.containerd.image.name"],
        "holdfast.local/system:0.1.0"
    );
    let fetch = |descriptor: &Value| {
        let wanted = descriptor["digest"].as_str().unwrap();
        let blob = member(&bytes, &format!("blobs/sha256/{}", &wanted[7..]));
        assert_eq!(digest(&blob), wanted);
        assert_eq!(descriptor["size"], blob.len());
        blob
    };
    let manifest: Value = serde_json::from_slice(&fetch(entry)).unwrap();
    let config: Value = serde_json::from_slice(&fetch(&manifest["config"])).unwrap();
    let layer = fetch(&manifest["layers"][0]);
    assert_eq!(config["rootfs"]["diff_ids"][0], digest(&layer).as_str());
    assert_eq!(config["config"]["Entrypoint"][0], "/pause");
    assert_eq!(member(&layer, "pause"), b"\x7fELF");
}

#[test]
fn tar_lists_the_layer() {
    let (bytes, _) = written();
    let manifest: Value = serde_json::from_slice(&member(&bytes, "manifest.json")).unwrap();
    let layer = member(&bytes, manifest[0]["Layers"][0].as_str().unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), layer).unwrap();
    let run = Command::new("tar")
        .args(["--utc", "--numeric-owner", "-tvf"])
        .arg(file.path())
        .output()
        .expect("tar is needed");
    let text = String::from_utf8_lossy(&run.stdout);
    let expected = "\
-rwxr-xr-x 0/0               4 2020-01-01 00:00 pause
drwxr-xr-x 0/0               0 2020-01-01 00:00 usr/
lrwxrwxrwx 0/0               0 2020-01-01 00:00 lib -> usr/lib
";
    assert_eq!(text, expected);
}

#[test]
fn names_need_a_tag() {
    for bad in ["holdfast", ":1", "a:", "host:5000/a"] {
        let image = Image {
            name: bad.into(),
            ..image()
        };
        let error = image.write(Vec::new()).unwrap_err().to_string();
        assert!(error.contains("has no tag"), "{bad}: {error}");
    }
}
