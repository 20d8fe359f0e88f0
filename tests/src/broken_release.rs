//! Releases with a fault, as a bad build would give them: made of the next release, signed with this checkout's keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use formats::uki;
use serde_json::{Value, json};

use crate::artefacts::{BOARD, command, image, next_release, pcr_key, printed, root};
use crate::own_keys::ran;
use crate::programs::hang;

/// A configuration policy that no node's unsigned `config.yaml` passes. The key is a published example.
const POLICY: &str =
    "config: signed\nconfig_signers: ['ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=']\n";

/// Words of the kernel's line that a test can do without: they make room for those of a fault.
const DISPENSABLE: [&str; 3] = ["quiet", "loglevel=4", "console=tty0"];

/// What is wrong with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The kernel finds nothing to start, and panics.
    NoInit,
    /// The initramfs's program ends at once.
    InitExits,
    /// The kernel gives no memory controller, without which the kubelet does not run.
    NoMemoryController,
    /// Its policy takes signed configurations alone.
    WantsSignedConfig,
}

/// The files of a release before it is published.
struct Files {
    uki: PathBuf,
    root: PathBuf,
    manifest: PathBuf,
}

impl Files {
    fn of(folder: &Path, version: &str, arch: &str) -> Self {
        let file = |ending: &str| folder.join(format!("holdfast_{version}_{arch}.{ending}"));
        Self {
            uki: file("efi"),
            root: file("root"),
            manifest: file("manifest.json"),
        }
    }
}

/// Publishes a release for each of `faults`, named by its version, in a repository of their own; gives it as a tar.
///
/// # Errors
/// When one of them cannot be made.
pub fn broken_releases(arch: &str, faults: &[(&str, Fault)]) -> anyhow::Result<PathBuf> {
    let folder = root().join(format!("build/vm-tests/broken-releases-{arch}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (version, fault) in faults {
        let files = match fault {
            Fault::WantsSignedConfig => build_with_policy(&folder, version, arch)?,
            _ => change(&folder, version, arch, *fault)?,
        };
        publish(&folder, &files)?;
        fs::remove_file(&files.root)?;
    }
    let archive = folder.join("releases.tar");
    ran(Command::new("tar")
        .arg("-C")
        .arg(folder.join("releases"))
        .arg("-cf")
        .arg(&archive)
        .arg("."))?;
    Ok(archive)
}

/// The next release under another version and with another root hash, which is what a node knows a release by, and a fault.
fn change(folder: &Path, version: &str, arch: &str, fault: Fault) -> anyhow::Result<Files> {
    let next = next_release()?;
    let good = Files::of(&image()?.with_file_name(""), &next, arch);
    let files = Files::of(folder, version, arch);
    let mut manifest: Value = serde_json::from_str(&read(&good.manifest)?)?;
    let old = manifest["root_hash"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let hash = another_tree(&good, &files, &manifest)?;

    let mut program = fs::read(&good.uki).with_context(|| format!("{}", good.uki.display()))?;
    let line = uki::section(&program, ".cmdline")?.context("no command line")?;
    let line = str::from_utf8(line)?.trim_end_matches('\0').to_owned();
    let names = [
        (old, hash.clone()),
        (
            format!("holdfast.version={next}"),
            format!("holdfast.version={version}"),
        ),
    ];
    let line = with_fault(line, &names, fault)?;
    replace(&mut program, ".cmdline", line.as_bytes(), b' ')?;
    if fault == Fault::InitExits {
        replace(&mut program, ".initrd", &init_that_exits()?, 0)?;
    }
    fs::write(&files.uki, program)?;

    manifest["version"] = json!(version);
    manifest["root_hash"] = json!(hash);
    for (name, file) in [("root.img", &files.root), ("uki.efi", &files.uki)] {
        manifest["files"][name] =
            json!({ "size": fs::metadata(file)?.len(), "sha256": digest(file)? });
    }
    // Nobody here starts slots by boot partitions of their own, and the good release's image would name another root.
    if let Some(files) = manifest["files"].as_object_mut() {
        files.remove("boot.img");
    }
    fs::write(&files.manifest, serde_json::to_vec(&manifest)?)?;
    Ok(files)
}

/// The kernel's line with other names in place of those of the good release, and the fault's words.
fn with_fault(
    mut line: String,
    names: &[(String, String)],
    fault: Fault,
) -> anyhow::Result<String> {
    for (from, to) in names {
        ensure!(line.contains(from), "{from:?} is not in {line:?}");
        line = line.replace(from, to);
    }
    let more = match fault {
        Fault::NoInit => Some("rdinit=/none"),
        Fault::NoMemoryController => Some("cgroup_disable=memory"),
        Fault::InitExits | Fault::WantsSignedConfig => None,
    };
    let kept = line
        .split_whitespace()
        .filter(|word| !DISPENSABLE.contains(word));
    Ok(kept.chain(more).collect::<Vec<_>>().join(" "))
}

/// Puts other content into a section, in place; what is left of the old one becomes `filling`.
fn replace(program: &mut [u8], name: &str, content: &[u8], filling: u8) -> anyhow::Result<()> {
    let sections = uki::sections(program)?;
    let section = sections.iter().find(|section| section.name == name);
    let section = section.with_context(|| format!("no section {name}"))?;
    let (begin, room) = (section.offset as usize, section.data.len());
    ensure!(
        content.len() <= room,
        "{} bytes do not fit {name}, which has {room}",
        content.len()
    );
    let place = &mut program[begin..begin + room];
    place.fill(filling);
    place[..content.len()].copy_from_slice(content);
    Ok(())
}

/// The same content below a tree with another salt; gives the root hash.
fn another_tree(good: &Files, files: &Files, manifest: &Value) -> anyhow::Result<String> {
    fs::copy(&good.root, &files.root)
        .with_context(|| format!("cannot copy {}", good.root.display()))?;
    let size = manifest["data_size"].as_u64().context("no data_size")?;
    let name = files
        .root
        .file_name()
        .unwrap_or_default()
        .as_encoded_bytes();
    let salt: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = Command::new("veritysetup")
        .arg("format")
        .arg(&files.root)
        .arg(&files.root)
        .arg(format!("--hash-offset={size}"))
        .arg(format!("--data-blocks={}", size / 4096))
        .arg(format!("--salt={salt}"))
        .output()
        .context("cannot run veritysetup")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let hash = said
        .lines()
        .find_map(|line| line.strip_prefix("Root hash:"))
        .with_context(|| format!("veritysetup: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(hash.trim().to_owned())
}

/// An initramfs whose only program takes no argument for an error.
fn init_that_exits() -> anyhow::Result<Vec<u8>> {
    let mut archive = formats::cpio::Archive::new(Vec::new());
    archive.directory("dev", 0o755)?;
    archive.device("dev/console", 0o600, formats::cpio::Device::Character, 5, 1)?;
    archive.file("init", 0o755, &fs::read(hang()?)?)?;
    Ok(archive.finish()?)
}

fn build_with_policy(folder: &Path, version: &str, arch: &str) -> anyhow::Result<Files> {
    let policy = folder.join("policy.yaml");
    fs::write(&policy, POLICY)?;
    let out = folder.join("out");
    ran(Command::new(command()?)
        .current_dir(root())
        .args([
            "build",
            "--board",
            BOARD,
            "--release-only",
            "--version",
            version,
        ])
        .arg("--config-policy")
        .arg(&policy)
        .arg("--release-root")
        .arg(keys().join("root.json"))
        .arg("--pcr-key")
        .arg(pcr_key())
        .arg("--output")
        .arg(&out))?;
    Ok(Files::of(&out, version, arch))
}

fn publish(folder: &Path, files: &Files) -> anyhow::Result<()> {
    ran(Command::new(command()?)
        .args([
            "release",
            "publish",
            "--channel",
            "stable",
            "--deltas",
            "0",
            "--repo",
        ])
        .arg(folder.join("releases"))
        .arg("--keys")
        .arg(keys())
        .arg("--uki")
        .arg(&files.uki)
        .arg("--root")
        .arg(&files.root)
        .arg("--manifest")
        .arg(&files.manifest))
}

/// The keys that the image under test trusts.
fn keys() -> PathBuf {
    root().join("build/release-keys")
}

fn digest(file: &Path) -> anyhow::Result<String> {
    let said = printed("sha256sum", &[&file.display().to_string()])?;
    Ok(said
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
