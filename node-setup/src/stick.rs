//! A stick with a bundle, mounted while it is plugged in.
//!
//! udev has this run again whenever a stick with our label comes or goes. What of the stick counts is for others to decide: the
//! keeper, and the upgrader.

use crate::sources::{Bundled, bundle_sticks, mount_bundle, unmount_bundle};
use host::file;
use init_api::{Root, paths};
use std::fs;
use std::io;

/// Mounts the stick that is plugged in now, in the place of one that was; says which in a file. Gives what a log should have.
///
/// # Errors
/// The file cannot be written.
pub fn follow(root: &Root) -> io::Result<Vec<String>> {
    let said = root.path(paths::STICK);
    let at = root.path(paths::STICK_MOUNT);
    unmount_bundle(&at);
    let mut notes = Vec::new();
    let mut mounted = None;
    for Bundled { device, volume } in bundle_sticks() {
        match &mounted {
            Some(first) => notes.push(format!(
                "{device} is left alone: {first} is used; pull one of the two out"
            )),
            None => match mount_bundle(&device, &at, &volume) {
                Ok(true) => mounted = Some(device),
                Ok(false) => {}
                Err(error) => notes.push(format!("{device} cannot be mounted: {error}")),
            },
        }
    }
    match mounted {
        Some(device) => {
            let folder = said.parent().unwrap_or(&at);
            fs::create_dir_all(folder)?;
            file::write(&said, 0o644, format!("{device}\n").as_bytes())?;
            notes.push(format!("{device} is mounted on {}", at.display()));
        }
        None => match fs::remove_file(&said) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        },
    }
    Ok(notes)
}
