//! The kernel's own requests for modules: in the initramfs, `/sbin/modprobe` is this program.

use crate::modules::Loader;
use crate::report::Log;
use host::with_causes;
use std::path::Path;

/// Where the modules of the running kernel lie below `root`.
pub(super) fn folder(root: &Path) -> std::path::PathBuf {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    root.join("lib/modules").join(release)
}

/// Loads modules by name or alias. The kernel calls it as `modprobe -q -- ALIAS`; without `-q`, failures are told. Tells
/// whether all went well.
pub(crate) fn modprobe(root: &Path, arguments: impl Iterator<Item = String>) -> bool {
    let log = Log::open(&root.join("dev"), &root.join("sys"));
    let mut loader = match Loader::open(&folder(root)) {
        Ok(loader) => loader,
        Err(error) => {
            log.error(&error.to_string());
            return false;
        }
    };
    let (options, names): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.starts_with('-'));
    let failures: Vec<_> = names.iter().flat_map(|name| loader.load(name)).collect();
    if !options.iter().any(|option| option == "-q") {
        failures
            .iter()
            .for_each(|failure| log.error(&with_causes(failure)));
    }
    failures.is_empty()
}
