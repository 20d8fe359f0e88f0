//! The folder that shows what is trusted. A node keeps newer roots, and of the other files only the versions below which it takes
//! nothing any more; that lies in a folder inside, and the files that it stands for are put beside it for the suite to look at.

use anyhow::{Context, Result};
use release::{Accepted, Trust, check_root};
use std::path::{Path, PathBuf};

pub(crate) struct Shown(PathBuf);

impl Shown {
    pub(crate) fn new(folder: &Path) -> Shown {
        Shown(folder.to_owned())
    }

    /// With this root as the one that an image would have.
    pub(crate) fn begin(&self, root: &Path) -> Result<()> {
        let root =
            std::fs::read(root).with_context(|| format!("cannot read {}", root.display()))?;
        check_root(&root)?;
        let folder = self.node();
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        write(&self.first_root(), &root)?;
        write(&self.0.join("root.json"), &root)
    }

    /// What a node would trust.
    pub(crate) fn trust(&self) -> Result<Trust> {
        let path = self.first_root();
        let root = std::fs::read(&path)
            .with_context(|| format!("cannot read {}: `init` comes first", path.display()))?;
        Ok(Trust::kept(self.node().join("trust"), root))
    }

    pub(crate) fn show(&self, accepted: &Accepted) -> Result<()> {
        accepted
            .files()
            .try_for_each(|(name, bytes)| write(&self.0.join(name), bytes))
    }

    fn node(&self) -> PathBuf {
        self.0.join("node")
    }

    fn first_root(&self) -> PathBuf {
        self.node().join("release-root.json")
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    host::file::write(path, 0o644, bytes)
        .with_context(|| format!("cannot write {}", path.display()))
}
