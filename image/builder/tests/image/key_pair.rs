//! Keys for signatures in tests; the library's own tests take this file in as well.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A private key and its certificate, made now in `folder`.
pub(crate) fn key_pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let key = folder.join(format!("{name}.key"));
    let certificate = folder.join(format!("{name}.crt"));
    let made = Command::new("openssl")
        .args(["req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes"])
        .args(["-days", "2", "-subj", &format!("/CN={name}/"), "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl, from tools/setup");
    assert!(made.status.success(), "{made:?}");
    (key, certificate)
}
