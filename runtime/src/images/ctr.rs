//! containerd, by its command line.

use super::error::ImageError;
use bundle::BundleError;
use host::{Command, CommandError};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// The kubelet never removes images with this label to make room.
const PIN: &str = "io.cri-containerd.pinned";
/// Which archive an image came from last.
const ARCHIVE: &str = "holdfast.dev/archive";

/// Writes an archive.
pub(super) type Writer<'a> = &'a mut (dyn FnMut(&mut dyn Write) -> Result<(), BundleError> + Send);

/// Where images are loaded to.
pub(super) trait Store {
    /// Loads an archive and pins what is in it. `mark` stands for this archive as it is now.
    fn import(&self, archive: &Path, mark: &str) -> Result<(), ImageError>;
    /// The same for an archive that is written as it is read.
    fn import_from(&self, write: Writer<'_>, mark: &str) -> Result<(), ImageError>;
    /// Names of the images that came with a mark.
    fn marked(&self, mark: &str) -> Result<BTreeSet<String>, ImageError>;
    /// Names of all images.
    fn names(&self) -> Result<BTreeSet<String>, ImageError>;
    /// Lets the kubelet remove an image when nothing uses it and room is needed. It may be gone already.
    fn unpin(&self, name: &str) -> Result<(), ImageError>;
}

/// The containerd of this machine.
pub(super) struct Containerd;

impl Store for Containerd {
    /// Flushed, so that a power cut leaves whole files.
    fn import(&self, archive: &Path, mark: &str) -> Result<(), ImageError> {
        let (pin, from) = (format!("{PIN}=pinned"), format!("{ARCHIVE}={mark}"));
        let archive = archive.to_string_lossy();
        let labels = ["--label", &pin, "--label", &from];
        let flags = ["import", "--sync-fs"];
        ctr(&[&flags[..], &labels, &[&archive]].concat())?;
        Ok(())
    }

    fn import_from(&self, write: Writer<'_>, mark: &str) -> Result<(), ImageError> {
        let (pin, from) = (format!("{PIN}=pinned"), format!("{ARCHIVE}={mark}"));
        let labels = ["--label", &pin, "--label", &from];
        let command = Command::new("ctr")
            .args(NAMESPACE)
            .args(["import", "--sync-fs"])
            .args(labels)
            .arg("-")
            .however_long();
        let (written, output) = command.fed_by(|pipe| write(pipe))?;
        // What is wrong with the bundle says more than what containerd makes of the end of it.
        match written {
            Err(BundleError::Write(_)) if !output.status.success() => {}
            written => written?,
        }
        match output.status.success() {
            true => Ok(()),
            false => Err(ImageError::Import(output.text().trim().to_owned())),
        }
    }

    fn marked(&self, mark: &str) -> Result<BTreeSet<String>, ImageError> {
        let filter = format!("labels.\"{ARCHIVE}\"=={mark}");
        let listed = ctr(&["list", "--quiet", &filter])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    fn names(&self) -> Result<BTreeSet<String>, ImageError> {
        let listed = ctr(&["list", "--quiet"])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    fn unpin(&self, name: &str) -> Result<(), ImageError> {
        match ctr(&["label", name, &format!("{PIN}=")]) {
            Err(CommandError::Failed { said, .. }) if said.ends_with("not found") => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }
}

/// Where the kubelet looks for images.
const NAMESPACE: [&str; 3] = ["--namespace", "k8s.io", "images"];

/// An archive may be large and a disk slow: it takes as long as it takes.
fn ctr(arguments: &[&str]) -> Result<String, CommandError> {
    let command = Command::new("ctr").args(NAMESPACE);
    let output = command.args(arguments).however_long().run()?;
    Ok(output.text())
}
