//! ConnMan's service files: the only way to a fixed address in k3OS, a few keys here.

mod address;
mod file;
mod link;
mod place;

use super::draft::{Draft, nest, text};
use file::Kind;
use os_config::tree::Span;
use place::Place;

/// Turns a `.config` file into interfaces and wireless networks; false when it says nothing of either.
///
/// Each step takes the settings that it uses out of their section; what is left in the end is noted as lost.
pub(super) fn services(draft: &mut Draft, path: &str, content: &str, span: Span) -> bool {
    let (mut sections, stray) = file::sections(content);
    if !sections.iter().any(|section| section.kind().is_some()) {
        return false;
    }
    draft.changed(
        span,
        path,
        "what it says is in `network` now: look it through",
    );
    let place = Place { path, span };
    for section in &mut sections {
        match section.kind() {
            Some(Kind::Wireless) if link::is_secured_otherwise(section) => {
                place.lost_section(draft, section, "its kind of security has no equivalent");
                continue;
            }
            Some(Kind::Wireless) => link::wifi(draft, section, place),
            Some(Kind::Wired) => link::ethernet(draft, section, place),
            None if section.header == "global" => section.describe(),
            None => {
                place.lost_section(draft, section, "neither `ethernet` nor `wifi`");
                continue;
            }
        }
        for (key, value) in &section.settings {
            place.lost(
                draft,
                &section.header,
                key,
                value,
                "no equivalent in Holdfast",
            );
        }
    }
    for line in stray {
        let original = nest(&[path], text(span, line.clone()));
        draft.lost(span, path, "a line is not understood", original);
    }
    true
}
