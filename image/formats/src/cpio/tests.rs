use std::io::Write as _;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::*;

fn sample() -> Vec<u8> {
    let mut archive = Archive::new(Vec::new());
    archive.directory("dev", 0o755).unwrap();
    archive
        .device("dev/console", 0o600, Device::Character, 5, 1)
        .unwrap();
    archive.file("init", 0o755, b"#!/bin/true\n").unwrap();
    archive
        .file("usr/lib/modules/a.ko", 0o644, &[1; 4097])
        .unwrap();
    archive.symlink("lib", "usr/lib").unwrap();
    archive.finish().unwrap()
}

fn cpio_t(archive: &[u8]) -> String {
    let mut run = Command::new("cpio")
        .args(["-tv", "--numeric-uid-gid"])
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cpio is needed");
    run.stdin.take().unwrap().write_all(archive).unwrap();
    let out = run.wait_with_output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn cpio_lists_it() {
    let expected = "\
drwxr-xr-x   2 0        0               0 Jan  1  2020 dev
crw-------   1 0        0          5,   1 Jan  1  2020 dev/console
-rwxr-xr-x   1 0        0              12 Jan  1  2020 init
drwxr-xr-x   2 0        0               0 Jan  1  2020 usr
drwxr-xr-x   2 0        0               0 Jan  1  2020 usr/lib
drwxr-xr-x   2 0        0               0 Jan  1  2020 usr/lib/modules
-rw-r--r--   1 0        0            4097 Jan  1  2020 usr/lib/modules/a.ko
lrwxrwxrwx   1 0        0               7 Jan  1  2020 lib -> usr/lib
";
    let text = cpio_t(&sample());
    assert_eq!(text, expected, "{text}");
}

#[test]
fn digest_is_pinned() {
    let hex: String = Sha256::digest(sample())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        hex,
        "015441178af6bb6c719f6892f70e09b23082ff52761d108140ca798723a1bf43"
    );
}

#[test]
fn joined_parts_stand_where_the_kernel_looks() {
    let mut early = sample();
    early.extend([0; 3]);
    let main = sample();
    let joined = initramfs(&early, &main, 3).unwrap();
    let start = early.len().next_multiple_of(4);
    assert_eq!(joined[..early.len()], early);
    assert_eq!(joined[start..start + 4], [0x28, 0xb5, 0x2f, 0xfd]);
    assert_eq!(joined.len() % 4, 0);
    let mut decoder = zstd::Decoder::new(&joined[start..]).unwrap().single_frame();
    let mut back = Vec::new();
    io::copy(&mut decoder, &mut back).unwrap();
    assert_eq!(back, main);
    assert_eq!(initramfs(&early, &main, 3).unwrap(), joined);
    assert!(initramfs(&[], &[], 3).unwrap().is_empty());
}

#[test]
fn bad_entries_are_refused() {
    let mut archive = Archive::new(Vec::new());
    for bad in ["", "/init", "a/../b", "a//b", "./a", "a/", "a\0b"] {
        let error = archive.file(bad, 0o644, b"").unwrap_err().to_string();
        assert!(
            error.contains("is no path inside an archive"),
            "{bad:?}: {error}"
        );
    }
    archive.file("init", 0o755, b"").unwrap();
    let error = archive.symlink("init", "x").unwrap_err().to_string();
    assert_eq!(error, "`init` is in the archive already");
    let error = archive.file("init/x", 0o644, b"").unwrap_err().to_string();
    assert_eq!(error, "`init` is in the archive already");
}
