//! The root file system: packages, rules, overlay, and what is ours, in one tree.

use crate::binaries::Binaries;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::file;
use crate::kernel::{self, Modules, Own};
use crate::packages::{Lock, unpack};
use crate::progress::Step;
use crate::project::Project;
use crate::release::Release;
use crate::tools::Tools;
use crate::tree::{Content, Node, Rules, Tree, check_glibc, check_libraries};
use std::path::Path;

/// Folders that something is mounted on, or that must be there because the root cannot be written.
const MOUNT_POINTS: [&str; 15] = [
    "boot",
    "config",
    "dev",
    "etc",
    "home",
    "opt",
    "proc",
    "root",
    "run",
    "state",
    "sys",
    "tmp",
    "usr/local",
    "var",
    "mnt",
];
/// Where our own files are.
const OURS: &str = "usr/lib/holdfast";

/// The tree before our own programs are in it, with what the boot files take from it.
pub(crate) struct Base {
    pub(crate) tree: Tree,
    /// All packages' files, nothing dropped: kernel, stub, boot loader and microcode are taken from here.
    pub(crate) packages: Tree,
    pub(crate) modules: Modules,
}

/// Unpacks the packages, applies the rules, the overlay, and what Debian's maintainer scripts would have made.
pub(crate) fn base(
    project: &Project,
    lock: &Lock,
    own: Option<&Own<'_>>,
    tools: &Tools,
    cache: &Cache,
    step: &Step,
) -> Result<Base> {
    let (debs, store) = (
        project.cache().join("debs"),
        project.cache().join("unpacked"),
    );
    let mut packages = Tree::default();
    for package in &lock.packages {
        step.at(&package.name);
        packages.add_package(&unpack(package, &debs, &store)?, &package.name)?;
    }
    if let Some(own) = own {
        step.at("kernel modules of our own");
        own.add(&mut packages, cache)?;
    }
    step.at("rules and overlay");
    let mut tree = packages.clone();
    let bundle = certificates(&tree)?;
    let rules = Rules::load(&project.path("buildroot/filters.toml"))?;
    rules.apply(&mut tree);
    tree.retain(|path, _| !path.starts_with("usr/share/ca-certificates/"));
    tree.put_bytes("etc/ssl/certs/ca-certificates.crt", 0o644, bundle);
    step.at("kernel modules");
    let modules = kernel::install(&mut tree, &packages, &rules, tools, cache)?;
    tree.retain(|path, _| !below(path, "var") && !below(path, "boot"));
    for folder in MOUNT_POINTS {
        let mode = match folder {
            "root" => 0o700,
            "tmp" => 0o1777,
            "dev" | "proc" | "sys" => 0o555,
            _ => 0o755,
        };
        tree.put(folder, mode, Node::Folder);
    }
    tree.add_folder(&project.path("buildroot/overlay"))?;
    rules.set_modes(&mut tree)?;
    check_libraries(&tree)?;
    Ok(Base {
        tree,
        packages,
        modules,
    })
}

/// Whether everything that boards ask for is in the image.
pub(crate) fn check_drivers(base: &Base, drivers: &boards::Drivers) -> Result<()> {
    let mut missing: Vec<String> = base
        .modules
        .index
        .missing(&drivers.root)
        .into_iter()
        .map(|name| format!("module {name}"))
        .collect();
    for pattern in &drivers.firmware {
        let glob = globset::Glob::new(&format!("usr/lib/firmware/{pattern}"))
            .map_err(Error::parse(Path::new("board-support")))?
            .compile_matcher();
        if !base.tree.iter().any(|(path, _)| glob.is_match(path)) {
            missing.push(format!("firmware {pattern}"));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "the image lacks what a board file asks for: {}; keep it in buildroot/filters.toml, or add its package",
        missing.join(", ")
    )))
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// All of Debian's certificate authorities in one file, as update-ca-certificates makes it.
fn certificates(tree: &Tree) -> Result<Vec<u8>> {
    let mut bundle = Vec::new();
    for (path, entry) in tree.iter() {
        if let Node::File(content) = &entry.node
            && path.starts_with("usr/share/ca-certificates/")
            && path.ends_with(".crt")
        {
            bundle.extend(content.read()?);
            if !bundle.ends_with(b"\n") {
                bundle.push(b'\n');
            }
        }
    }
    if bundle.is_empty() {
        return Err(Error::Wrong(
            "the package ca-certificates brought no certificates: has it changed?".into(),
        ));
    }
    Ok(bundle)
}

/// Whom the image believes.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    /// The root of the release repository.
    pub(crate) release_root: Option<Vec<u8>>,
    /// What it says about sources of configuration.
    pub(crate) config_policy: Option<Vec<u8>>,
}

/// Puts in what is ours.
pub(crate) fn complete(
    project: &Project,
    base: &Base,
    binaries: &Binaries,
    system_image: &Path,
    (release, machines): (&Release, &[boards::KnownMachine]),
    trust: Trust,
) -> Result<Tree> {
    let mut tree = base.tree.clone();
    let libc = tree
        .iter()
        .find(|(path, _)| path.ends_with("/libc.so.6"))
        .map(|(path, _)| path.to_owned());
    let libc = libc
        .and_then(|path| tree.content(&path))
        .ok_or_else(|| Error::Wrong("the image has no libc.so.6".into()))?
        .read()?;
    check_glibc("holdfast", &file::read(&binaries.holdfast)?, &libc)?;
    tree.put(
        "usr/bin/holdfast",
        0o755,
        Node::File(Content::file(&binaries.holdfast)?),
    );
    for path in &binaries.engine {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        check_glibc(&name, &file::read(path)?, &libc)?;
        tree.put(
            &format!("{OURS}/{name}"),
            0o755,
            Node::File(Content::file(path)?),
        );
    }
    tree.put(
        &format!("{OURS}/init"),
        0o755,
        Node::File(Content::file(&binaries.init)?),
    );
    tree.put(
        &format!("{OURS}/system-image.tar"),
        0o644,
        Node::File(Content::file(system_image)?),
    );
    tree.put_link("usr/sbin/init", "../lib/holdfast/init");
    for (name, program) in [("kubectl", "engine"), ("ctr", "containerd")] {
        tree.put_link(
            &format!("usr/bin/{name}"),
            &format!("../lib/holdfast/{program}"),
        );
    }
    manifests(project, &mut tree)?;
    tree.put_bytes(&format!("{OURS}/release.json"), 0o644, release.json()?);
    let machines = serde_json::to_vec(machines).map_err(Error::format("machines.json"))?;
    tree.put_bytes(&format!("{OURS}/machines.json"), 0o644, machines);
    if let Some(root) = trust.release_root {
        tree.put_bytes(&format!("{OURS}/release-root.json"), 0o644, root);
    }
    if let Some(policy) = trust.config_policy {
        tree.put_bytes(&format!("{OURS}/config-policy.json"), 0o644, policy);
    }
    tree.put_bytes("usr/lib/os-release", 0o644, release.os_release());
    tree.put_link("etc/os-release", "../usr/lib/os-release");
    Ok(tree)
}

/// Packaged manifests name the system image by version.
fn manifests(project: &Project, tree: &mut Tree) -> Result<()> {
    let folder = project.path("runtime/manifests");
    if !folder.is_dir() {
        return Err(Error::Wrong(format!(
            "{} is missing: the checkout is not whole",
            folder.display()
        )));
    }
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .map_err(Error::read(&folder))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    for path in paths.iter().filter(|path| {
        path.extension()
            .is_some_and(|ending| ending == "yaml" || ending == "json")
    }) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tree.put(
            &format!("{OURS}/manifests/{name}"),
            0o644,
            Node::File(Content::file(path)?),
        );
    }
    Ok(())
}
