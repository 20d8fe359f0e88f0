//! Images of a bundle on a stick.

use super::ctr::Store;
use super::error::ImageError;
use super::notes::{Notes, Stamp};
use bundle::{Bundle, Name};
use std::collections::BTreeSet;
use tracing::info;

/// Loads the images of a bundle, unless they are loaded and all there; tells whether there is something to note.
pub(super) fn bring(
    images: &dyn Store,
    notes: &mut Notes,
    there: &BTreeSet<String>,
    bundle: &Bundle,
) -> Result<bool, ImageError> {
    let (key, stamp) = (key(bundle), stamp(bundle));
    if bundle.images_size() == 0 || notes.has(&key, stamp, there) {
        return Ok(false);
    }
    let mark = bundle.digest();
    images.import_from(&mut |out| bundle.write_images(out), mark)?;
    info!("loaded the images of bundle {}", bundle.listing().name());
    notes.add(&key, stamp, images.marked(mark)?);
    Ok(true)
}

/// The notes of bundles that count: all but those whose place the one that is plugged in has taken.
pub(super) fn kept(notes: &Notes, plugged: Option<&Bundle>) -> Vec<String> {
    let newest = plugged.map(|bundle| (beginning(bundle.listing().name()), key(bundle)));
    // One that could not be loaded takes nobody's place.
    let newest = newest.filter(|(_, key)| notes.archives().any(|is| is == key));
    let counts = |archive: &&str| match &newest {
        Some((beginning, key)) => archive == key || !archive.starts_with(beginning.as_str()),
        None => true,
    };
    let bundles = notes.archives().filter(|archive| archive.starts_with(KIND));
    bundles.filter(counts).map(str::to_owned).collect()
}

/// No path of an archive begins so.
const KIND: &str = "bundle ";

fn beginning(name: &Name) -> String {
    format!("{KIND}{name} ")
}

fn key(bundle: &Bundle) -> String {
    let beginning = beginning(bundle.listing().name());
    format!("{beginning}{}", bundle.digest())
}

/// The key has the digest already.
fn stamp(bundle: &Bundle) -> Stamp {
    Stamp {
        size: bundle.images_size(),
        modified: 0,
    }
}
