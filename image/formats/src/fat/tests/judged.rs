//! Judged by dosfstools and mtools.

use super::*;
use std::path::Path;
use std::process::Command;

pub(super) fn fsck(image: &Path) -> (bool, String) {
    let run = Command::new("fsck.fat")
        .arg("-n")
        .arg(image)
        .output()
        .expect("fsck.fat (dosfstools) is needed");
    (
        run.status.success(),
        String::from_utf8_lossy(&run.stdout).into_owned(),
    )
}

#[test]
fn fsck_finds_nothing_wrong() {
    for (name, spec, size) in [("boot", boot(), 256 * MIB), ("config", config(), 64 * MIB)] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), filled(&spec, size)).unwrap();
        let (clean, text) = fsck(file.path());
        assert!(clean && text.contains("files"), "{name}: {text}");
        for complaint in [
            "Dirty",
            "differ",
            "differences",
            "wrong",
            "Orphan",
            "WARNING",
        ] {
            assert!(!text.contains(complaint), "{name}: {text}");
        }
        let run = Command::new("minfo")
            .arg("-i")
            .arg(file.path())
            .arg("::")
            .output()
            .expect("mtools is needed");
        let text = String::from_utf8_lossy(&run.stdout);
        assert!(
            text.contains(&format!("disk type=\"{:<8}\"", spec.kind.to_string())),
            "{name}: {text}"
        );
        assert!(
            text.contains(std::str::from_utf8(&spec.label.bytes()).unwrap()),
            "{name}: {text}"
        );
    }
}

/// A volume that others made and filled is whole to us, too.
#[test]
fn volumes_of_mkfs_are_whole() {
    for (size, options) in [(64, &["-F16"][..]), (256, &["-F32", "-s4"])] {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(size * MIB).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let run = Command::new(program)
                .args(arguments)
                .output()
                .expect("dosfstools and mtools are needed");
            assert!(
                run.status.success(),
                "{program}: {}",
                String::from_utf8_lossy(&run.stderr)
            );
        };
        let path = file.path().to_str().unwrap();
        run("mkfs.fat", &[options, &["-n", "OTHER", path]].concat());
        run("mmd", &["-i", path, "::/dir"]);
        run(
            "mcopy",
            &[
                "-i",
                path,
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
                "::/dir/Long Name.toml",
            ],
        );
        let volume = open(file.reopen().unwrap()).unwrap();
        let paths: Vec<_> = volume
            .list()
            .unwrap()
            .into_iter()
            .map(|entry| entry.path)
            .collect();
        assert_eq!(paths, ["dir", "dir/Long Name.toml"]);
    }
}
