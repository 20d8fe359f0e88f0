//! Loading modules from `/lib/modules/<release>`.

use super::Index;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// `MODULE_INIT_COMPRESSED_FILE`: the kernel unpacks it.
const COMPRESSED: i32 = 4;

/// Modules cannot be loaded.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// An index file cannot be read.
    #[error("cannot read {path}")]
    Index {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A module file is missing or the kernel refuses it.
    #[error("cannot load module {path}")]
    Module {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Loads each module at most once.
#[derive(Debug)]
pub(crate) struct Loader {
    folder: PathBuf,
    index: Index,
    tried: BTreeSet<String>,
}

impl Loader {
    /// A loader of the modules in `folder`, `/lib/modules/<release>`.
    ///
    /// # Errors
    /// `modules.dep` or `modules.alias` cannot be read.
    pub(crate) fn open(folder: &Path) -> Result<Self, LoadError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| LoadError::Index { path, source })
        };
        let index = Index::parse(&read("modules.dep")?, &read("modules.alias")?);
        Ok(Self {
            folder: folder.into(),
            index,
            tried: BTreeSet::new(),
        })
    }

    /// Loads what an alias or a name means, with all it needs. Gives the failures: one module that a machine does not
    /// take must not keep the others out.
    pub(crate) fn load(&mut self, alias: &str) -> Vec<LoadError> {
        let wanted: Vec<_> = self
            .index
            .wanted_by(alias)
            .into_iter()
            .flat_map(|m| self.index.in_order(m))
            .collect();
        let mut failures = Vec::new();
        for (name, path) in wanted {
            if self.tried.insert(name.to_owned()) {
                failures.extend(insert(&self.folder.join(path)).err());
            }
        }
        failures
    }

    /// How many modules were tried.
    pub(crate) fn tried(&self) -> usize {
        self.tried.len()
    }
}

fn insert(path: &Path) -> Result<(), LoadError> {
    let failure = |source| LoadError::Module {
        path: path.into(),
        source,
    };
    let file = File::open(path).map_err(failure)?;
    let compressed = path.extension().is_some_and(|e| e != "ko");
    let parameters = parameters(path);
    match rustix::system::finit_module(&file, parameters, if compressed { COMPRESSED } else { 0 }) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(failure(error.into())),
    }
}

/// A watchdog once armed stays armed: also where its driver would stop it on close, and while the kernel reboots, which
/// may hang, too. `modprobe.d/watchdog.conf` of the root says the same.
fn parameters(path: &Path) -> &'static CStr {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let is_watchdog = path.components().any(|c| c.as_os_str() == "watchdog");
    match (is_watchdog, file.split('.').next()) {
        (true, Some("watchdog")) => c"stop_on_reboot=0",
        (true, _) => c"nowayout=1",
        (false, _) => c"",
    }
}

#[cfg(test)]
mod tests {
    use super::parameters;
    use std::path::Path;

    #[test]
    fn watchdogs_cannot_be_stopped() {
        for (path, expected) in [
            (
                "/lib/modules/6/kernel/drivers/watchdog/i6300esb.ko",
                c"nowayout=1",
            ),
            (
                "/lib/modules/6/kernel/drivers/watchdog/watchdog.ko",
                c"stop_on_reboot=0",
            ),
            (
                "/lib/modules/6/kernel/drivers/watchdog/watchdog.ko.xz",
                c"stop_on_reboot=0",
            ),
            ("/lib/modules/6/kernel/fs/ext4/ext4.ko", c""),
        ] {
            assert_eq!(parameters(Path::new(path)), expected, "{path}");
        }
    }

    /// udev loads with kmod, which reads the root's file.
    #[test]
    fn the_root_says_the_same() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../buildroot/overlay/usr/lib/modprobe.d/watchdog.conf"
        );
        let text = std::fs::read_to_string(file).expect("the file is there");
        let options = text.lines().filter_map(|l| l.strip_prefix("options "));
        let mut seen = Vec::new();
        for (module, option) in options.filter_map(|line| line.split_once(' ')) {
            let path = format!("kernel/drivers/watchdog/{module}.ko");
            let expected = parameters(Path::new(&path)).to_str().expect("ASCII");
            assert_eq!(option, expected, "{module}");
            seen.push(module);
        }
        for module in ["watchdog", "iTCO_wdt", "wdat_wdt", "sp5100_tco", "i6300esb"] {
            assert!(seen.contains(&module), "{module} is missing");
        }
    }
}
