//! ConnMan's service files: the only way to a fixed address in k3OS, a few keys here.

mod address;
mod file;
mod link;

use super::draft::{Draft, map, nest, text};
use crate::tree::{Node, Span};
use file::{Kind, Section};

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

/// The file and the line of its entry.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    span: Span,
}

impl Place<'_> {
    /// Notes a setting as lost.
    fn lost(self, draft: &mut Draft, header: &str, key: &str, value: &str, why: &str) {
        let original = nest(&[self.path, header, key], text(self.span, value));
        let key = format!("{}: {key}", self.path);
        draft.lost(self.span, &key, why, original);
    }

    /// Notes a whole section as lost.
    fn lost_section(self, draft: &mut Draft, section: &Section, why: &str) {
        let setting = |(key, value): &(String, String)| (key.clone(), text(self.span, value));
        let settings: Vec<(String, Node)> = section.settings.iter().map(setting).collect();
        let settings = settings
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()));
        let original = nest(
            &[self.path, &section.header],
            map(self.span, settings.collect()),
        );
        let key = format!("{}: [{}]", self.path, section.header);
        draft.lost(self.span, &key, why, original);
    }
}
