//! Where a setting stands, for what is said about it.

use super::file::Section;
use crate::draft::{Draft, map, nest, text};
use os_config::tree::{Node, Span};

/// The file and the line of its entry.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) span: Span,
}

impl Place<'_> {
    /// Notes a setting as lost.
    pub(super) fn lost(self, draft: &mut Draft, header: &str, key: &str, value: &str, why: &str) {
        let original = nest(&[self.path, header, key], text(self.span, value));
        let key = format!("{}: {key}", self.path);
        draft.lost(self.span, &key, why, original);
    }

    /// Notes a whole section as lost.
    pub(super) fn lost_section(self, draft: &mut Draft, section: &Section, why: &str) {
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
