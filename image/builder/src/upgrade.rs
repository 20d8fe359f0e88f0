//! The release as nodes take it in an upgrade: UKI, root image, and a manifest that says that they belong together.

use crate::digest;
use crate::error::{Error, Result};
use crate::file;
use crate::release::Release;
use crate::root_image::RootImage;
use release::{File, RawFile, RawManifest};
use std::path::{Path, PathBuf};

/// The files of a release, for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeFiles {
    /// The UKI.
    pub uki: PathBuf,
    /// The image of a slot's own boot partition, for a board that has those.
    pub boot: Option<PathBuf>,
    /// The root image with its verity tree.
    pub root: PathBuf,
    /// What they are.
    pub manifest: PathBuf,
}

/// Writes the files, the manifest last. What is there already is not written again.
pub(crate) fn write(
    output: &Path,
    release: &Release,
    root: &RootImage,
    (uki, boot): (&[u8], Option<&[u8]>),
) -> Result<UpgradeFiles> {
    let name = format!("holdfast_{}_{}", release.version, release.arch);
    let path = |ending: &str| output.join(format!("{name}.{ending}"));
    let files = UpgradeFiles {
        uki: path("efi"),
        boot: boot.map(|_| path("boot")),
        root: path("root"),
        manifest: path("manifest.json"),
    };
    let manifest = manifest(release, root, (uki, boot))?.encode();
    if is_there(&files, &manifest, root, (uki, boot)) {
        return Ok(files);
    }
    file::write(&files.uki, uki)?;
    if let (Some(path), Some(boot)) = (&files.boot, boot) {
        file::write(path, boot)?;
    }
    file::with_temporary(&files.root, |temporary| {
        let copied = std::fs::copy(&root.path, temporary);
        copied.map(|_| ()).map_err(Error::write(temporary))
    })?;
    file::write(&files.manifest, &manifest)?;
    Ok(files)
}

fn manifest(
    release: &Release,
    root: &RootImage,
    (uki, boot): (&[u8], Option<&[u8]>),
) -> Result<RawManifest> {
    let facts = |content: &[u8]| RawFile {
        size: content.len() as u64,
        sha256: digest::of_bytes(content),
    };
    let image = RawFile {
        size: root.size,
        sha256: digest::of_file(&root.path)?,
    };
    let files = [(File::Uki, facts(uki)), (File::Root, image)];
    let boot = boot.map(|boot| (File::Boot, facts(boot)));
    let name = |(file, facts): (File, RawFile)| (file.name().to_owned(), facts);
    Ok(RawManifest {
        format: RawManifest::FORMAT,
        version: release.version.clone(),
        arch: release.arch.clone(),
        root_hash: root.hash.clone(),
        data_size: root.data_size,
        kubernetes: release.kubernetes.clone(),
        build_time: release.build_time,
        min_version: None,
        files: files.into_iter().chain(boot).map(name).collect(),
    })
}

/// By sizes, since the manifest has the digests: who publishes the files compares them.
fn is_there(
    files: &UpgradeFiles,
    manifest: &[u8],
    root: &RootImage,
    (uki, boot): (&[u8], Option<&[u8]>),
) -> bool {
    let has = |path: &Path, size: u64| std::fs::metadata(path).is_ok_and(|is| is.len() == size);
    std::fs::read(&files.manifest).is_ok_and(|there| there == manifest)
        && has(&files.root, root.size)
        && has(&files.uki, uki.len() as u64)
        && files
            .boot
            .iter()
            .zip(boot)
            .all(|(path, boot)| has(path, boot.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use release::Manifest;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_written_is_a_manifest_of_these_files() {
        let folder = tempfile::tempdir().expect("temp dir");
        let image = folder.path().join("root.img");
        std::fs::write(&image, [7; 3 * 4096]).expect("written");
        let root = RootImage {
            path: image,
            hash: "ab".repeat(32),
            data_size: 4096,
            size: 3 * 4096,
        };
        let release = |version: &str| Release {
            version: version.into(),
            build_time: 1_700_000_000,
            arch: "arm64".into(),
            kernel: "6.12".into(),
            kubernetes: "1.36.3".into(),
            components: BTreeMap::new(),
        };
        let out = folder.path().join("out");
        let files = write(&out, &release("0.2.0"), &root, (b"uki", None)).expect("written");
        let text = std::fs::read(&files.manifest).expect("manifest");
        let manifest = Manifest::parse(&text).expect("a manifest");
        assert_eq!(manifest.root_hash.to_string(), root.hash);
        for (file, path) in [(File::Uki, &files.uki), (File::Root, &files.root)] {
            let content = std::fs::read(path).expect("a file");
            assert_eq!(manifest.files[&file].digest, release::Digest::of(content));
        }
        let names: Vec<_> = [&files.uki, &files.root, &files.manifest]
            .map(|path| {
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned()
            })
            .into();
        let name = "holdfast_0.2.0_arm64";
        assert_eq!(
            names,
            ["efi", "root", "manifest.json"].map(|end| format!("{name}.{end}"))
        );

        // Nothing is written again, and what is missing is.
        let age = || {
            std::fs::metadata(&files.root)
                .expect("root")
                .modified()
                .expect("age")
        };
        let before = age();
        write(&out, &release("0.2.0"), &root, (b"uki", None)).expect("there");
        assert_eq!(age(), before);
        std::fs::remove_file(&files.uki).expect("removed");
        write(&out, &release("0.2.0"), &root, (b"uki", None)).expect("written");
        assert!(files.uki.exists());

        // A board whose slots have boot partitions of their own.
        let files =
            write(&out, &release("0.3.0"), &root, (b"uki", Some(b"boot"))).expect("written");
        let boot = files.boot.expect("a boot image");
        assert!(
            boot.ends_with("holdfast_0.3.0_arm64.boot"),
            "{}",
            boot.display()
        );
        let text = std::fs::read(&files.manifest).expect("manifest");
        let manifest = Manifest::parse(&text).expect("a manifest");
        assert_eq!(
            manifest.files[&File::Boot].digest,
            release::Digest::of(b"boot")
        );
    }
}
