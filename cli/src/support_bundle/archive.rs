//! The bundle as one file: a tar archive, packed with gzip, which every laptop opens.

use super::found::Found;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use std::fmt::Write;
use std::io;
use tar::{Builder, Header};

/// The folder in the archive.
const FOLDER: &str = "holdfast-support";
/// Says what is in the bundle, and what is not and why.
pub(super) const INDEX: &str = "index.txt";

/// Packs everything, the index first.
///
/// # Errors
/// A name that no archive can hold.
pub(super) fn make(found: Vec<Found>, now: Timestamp) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    add(&mut archive, INDEX, &index(&found, now), seconds)?;
    for Found { name, text } in found {
        if let Ok(text) = text {
            add(&mut archive, &name, &text, seconds)?;
        }
    }
    archive.into_inner()?.finish()
}

fn add(
    archive: &mut Builder<GzEncoder<Vec<u8>>>,
    name: &str,
    text: &str,
    seconds: u64,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o600);
    header.set_mtime(seconds);
    archive.append_data(&mut header, format!("{FOLDER}/{name}"), text.as_bytes())
}

fn index(found: &[Found], now: Timestamp) -> String {
    let mut text = format!(
        "Support bundle of Holdfast {}, made at {now} by the node's clock.\nSecrets of the configuration are blotted out; logs of \
         pods are not in it.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    for Found { name, text: part } in found {
        let _ = match part {
            Ok(part) => writeln!(text, "{:>9}  {name}", part.len()),
            Err(why) => writeln!(
                text,
                "  missing  {name}: {}",
                why.trim().replace('\n', "; ")
            ),
        };
    }
    text
}
