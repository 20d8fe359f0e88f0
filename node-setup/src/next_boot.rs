//! What the next boot goes by. Kept when a configuration went well, never while it is on trial: what goes back by itself is
//! not good yet. What cannot be kept is only said: the one before stands in, or the next boot does without.

use crate::sources::{Found, KnownSticks, StoredUrl};
use host::file;
use init_api::Root;
use init_api::{Services, paths};
use os_config::{Loaded, SourceName};
use std::io;

pub(crate) const LAST_GOOD: &str = "/var/lib/holdfast/config/last-good.yaml";

/// Keeps all of it.
pub(crate) fn keep(root: &Root, found: &Found, loaded: &Loaded, services: &Services) {
    keep_sticks(root, found);
    keep_last_good(root, loaded);
    keep_fetched(root, loaded);
    keep_early_services(root, services);
}

fn keep_sticks(root: &Root, found: &Found) {
    let sources = found.sources.as_slice().iter();
    let sticks = sources.filter(|source| source.name == SourceName::UsbStick);
    if let Err(error) = KnownSticks::new(root).add_up_to(sticks.count()) {
        eprintln!("the next boot does not wait for the USB stick: {error}");
    }
}

fn keep_last_good(root: &Root, loaded: &Loaded) {
    let text = loaded.merged_yaml();
    if let Err(error) = file::write_if_changed(&root.path(LAST_GOOD), 0o600, text) {
        eprintln!("could not keep {LAST_GOOD}: {error}");
    }
}

/// Before a trial's containerd.toml is written: state has only one, and a boot that comes before the trial has ended must not
/// start containerd by it, but after its own configuration. The removal is on disk when this returns.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn forget_early_services(root: &Root) -> io::Result<()> {
    file::remove_for_good(&root.path(paths::EARLY_SERVICES)).map(drop)
}

/// What was fetched for a trial lasts from its confirmation on.
fn keep_fetched(root: &Root, loaded: &Loaded) {
    if let Some(url) = loaded.config().config_url.as_ref()
        && let Err(error) = StoredUrl::new(root).keep_tried(url.as_str())
    {
        eprintln!("what config_url gave is not kept for the next boot: {error}");
    }
}

/// Written only when it says something new.
fn keep_early_services(root: &Root, services: &Services) {
    let early = runtime::early_services(services);
    let path = root.path(paths::EARLY_SERVICES);
    if init_api::load::<Services>(&path).is_ok_and(|known| known == early) {
        return;
    }
    if let Err(error) = init_api::store(&path, &early) {
        eprintln!("the next boot starts containerd later: {error}");
    }
}
