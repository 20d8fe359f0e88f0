//! What a target is, and where its inputs are.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One function under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, also that of its folders and of its libFuzzer program.
    pub name: &'static str,
    /// What is done with an input.
    pub run: fn(&[u8]),
    /// Folders of other parts of the project whose files are inputs as well, from the project's root.
    pub folders: &'static [&'static str],
    /// Inputs that cannot be kept as files, since they are made of other code's output.
    pub made_seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, for mutations to put in.
    pub words: &'static [&'static str],
}

impl Target {
    /// Where inputs that once failed are kept.
    pub fn regressions(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("regressions")
            .join(self.name)
    }

    /// All inputs to begin with: files, then those made by code.
    ///
    /// # Errors
    /// When a folder is there and cannot be read.
    pub fn inputs(&self) -> io::Result<Vec<Vec<u8>>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut out = read_all(&self.regressions())?;
        out.extend(read_all(&here.join("seeds").join(self.name))?);
        for folder in self.folders {
            out.extend(read_all(&here.join("../..").join(folder))?);
        }
        out.extend((self.made_seeds)());
        Ok(out)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The content of every file of a folder, in order of names; none if there is no folder.
fn read_all(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}

/// For targets whose seeds are all files.
pub(crate) fn no_made_seeds() -> Vec<Vec<u8>> {
    Vec::new()
}
