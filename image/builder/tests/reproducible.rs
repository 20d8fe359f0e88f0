//! Two clones of the same commit in two folders give the same image, and a build machine of the other architecture packs files to
//! the same bytes. Builds everything twice; part of `make test-all`.
//!
//! `HOLDFAST_BUILT`, if set, is a folder with an image of board `qemu-x86_64` that was built of this commit without any change: it
//! takes the place of one of the two. It came about step by step, out of the checkout's caches, and must be the same for all that.
//!
//! The Go programs are linked in both folders, but what they are linked from may come from the one build cache that Go
//! keeps for the user: this notices a folder's name in a program, not a compiler that gives other bytes each time.
//!
//! `HOLDFAST_RELEASE_ROOT`, if set, is the root of the release keys that goes into all of them; `HOLDFAST_PCR_KEY` the key that signs
//! what a TPM measures of them.
//!
//! `HOLDFAST_PROGRAMS`, if set, is a folder with programs that are taken as they are, into both images: nothing is said
//! about them then.

use boards::Arch;
use std::path::{Path, PathBuf};
use std::process::Command;

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

fn clone(from: &Path, to: &Path) {
    run(Command::new("git")
        .args(["clone", "--quiet", "--local"])
        .arg(from)
        .arg(to));
    // Downloads are checked by digest wherever they come from: no need to fetch them twice.
    let debs = from.join("build/cache/debs");
    if debs.is_dir() {
        std::fs::create_dir_all(to.join("build/cache")).expect("folder");
        run(Command::new("cp")
            .arg("-r")
            .arg(debs)
            .arg(to.join("build/cache/")));
    }
}

/// The flashable image and its bill of materials.
type Files = Vec<(String, Vec<u8>)>;

fn build(clone: &Path) -> Files {
    let project = builder::Project::find(clone).expect("checkout");
    let options = builder::Options {
        board: "qemu-x86_64".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        config: None,
        output: project.out(),
        mirror: None,
        secure_boot: None,
        pcr_key: std::env::var_os("HOLDFAST_PCR_KEY").map(|path| builder::PcrKey::new(path.into())),
        programs: std::env::var_os("HOLDFAST_PROGRAMS").map(PathBuf::from),
        release_only: false,
        jobs: None,
        config_policy: None,
        config_must_be_signed: false,
        maintenance_entry: true,
        release_root: std::env::var_os("HOLDFAST_RELEASE_ROOT").map(PathBuf::from),
        source_date_epoch: None,
    };
    let built = builder::build(&project, &options, builder::Progress::detect())
        .unwrap_or_else(|error| panic!("{error}"));
    let upgrade = built.upgrade;
    let flashed = built.flashed.expect("an image");
    [
        flashed.image,
        flashed.bill,
        upgrade.uki,
        upgrade.root,
        upgrade.manifest,
    ]
    .map(|path| read(&path))
    .into()
}

fn read(path: &Path) -> (String, Vec<u8>) {
    let name = path.file_name().expect("name").to_string_lossy();
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (name.into_owned(), bytes)
}

#[test]
fn two_clones_give_the_same_bytes() {
    let here = builder::Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
    let folder = tempfile::tempdir().expect("temp dir");
    let built = |name: &str| {
        let path = folder.path().join(name);
        clone(here.root(), &path);
        build(&path)
    };
    let second = built("a-folder-with-a-longer-name");
    let first: Files = match std::env::var_os("HOLDFAST_BUILT").map(PathBuf::from) {
        Some(folder) => second
            .iter()
            .map(|(name, _)| read(&folder.join(name)))
            .collect(),
        None => built("one"),
    };
    assert_eq!(first.len(), second.len());
    for (left, right) in first.iter().zip(&second) {
        assert_eq!(left.0, right.0);
        assert!(
            left.1 == right.1,
            "{} differs between two builds of one commit",
            left.0
        );
    }
}

/// Files of this checkout, packed by `mkfs.erofs` with the builder's options.
fn packed(mut mkfs: Command, arch: Arch, tar: &Path, to: &Path) -> Vec<u8> {
    run(mkfs
        .args(["--quiet", "--tar=f", "-T", "1700000000"])
        .args(["-U", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"])
        .args(builder::compression(arch))
        .arg(to)
        .arg(tar));
    std::fs::read(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()))
}

/// The tools of a build on ARM64 (on ARM64: on x86-64) come from a lock of their own; here they run under QEMU's user mode.
#[test]
fn a_build_machine_of_the_other_architecture_packs_the_same_bytes() {
    let here = builder::Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
    let (host, emulator) = match std::env::consts::ARCH {
        "aarch64" => ("amd64", "qemu-x86_64"),
        _ => ("arm64", "qemu-aarch64"),
    };
    let folder = tempfile::tempdir().expect("temp dir");
    let tar = folder.path().join("files.tar");
    run(Command::new("git")
        .args(["archive", "--format=tar", "HEAD", "-o"])
        .arg(&tar)
        .current_dir(here.root()));
    let mkfs = "usr/bin/mkfs.erofs";
    for arch in [Arch::X86_64, Arch::Arm64] {
        let ours = builder::locked_tool(&here, mkfs).expect("the tools of a build here");
        let theirs = builder::locked_tool_elsewhere(&here, host, emulator, mkfs)
            .expect("the tools of a build there");
        let ours = packed(ours, arch, &tar, &folder.path().join("ours"));
        let theirs = packed(theirs, arch, &tar, &folder.path().join("theirs"));
        assert!(
            ours.len() > 1_000_000,
            "{} bytes are no file system",
            ours.len()
        );
        assert!(
            ours == theirs,
            "mkfs.erofs of {host} packs other bytes for {arch}"
        );
    }
}
