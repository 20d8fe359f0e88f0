//! The container image of system workloads: empty folders and `/pause`; programs come from the host's `/usr`.

use crate::error::{Error, Result};
use crate::file;
use formats::oci::{Content, Entry, Image};
use std::path::Path;

/// Name of the image without its tag.
const NAME: &str = "holdfast.local/system";

/// The image for a version, as an archive.
pub(crate) fn make(version: &str, arch: &str, pause: &Path) -> Result<Vec<u8>> {
    let folder = |path: &str, mode| Entry {
        path: path.into(),
        mode,
        content: Content::Directory,
    };
    let file = |path: &str, mode, bytes: Vec<u8>| Entry {
        path: path.into(),
        mode,
        content: Content::File(bytes),
    };
    let link = |path: &str, target: &str| Entry {
        path: path.into(),
        mode: 0o777,
        content: Content::Symlink(target.into()),
    };
    let mut entries = vec![
        link("bin", "usr/bin"),
        link("lib", "usr/lib"),
        link("lib64", "usr/lib64"),
        link("sbin", "usr/sbin"),
        file("pause", 0o755, file::read(pause)?),
    ];
    entries.extend(
        ["dev", "etc", "proc", "sys", "usr", "run", "var", "root"].map(|path| folder(path, 0o755)),
    );
    entries.push(folder("tmp", 0o1777));
    entries.push(file(
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".to_vec(),
    ));
    entries.push(file(
        "etc/group",
        0o644,
        b"root:x:0:\nnogroup:x:65534:\n".to_vec(),
    ));
    let image = Image {
        name: format!("{NAME}:{version}"),
        architecture: arch.to_owned(),
        entries,
        entrypoint: vec!["/pause".into()],
        env: vec!["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()],
    };
    let mut archive = Vec::new();
    image
        .write(&mut archive)
        .map_err(Error::format("the system image"))?;
    Ok(archive)
}
