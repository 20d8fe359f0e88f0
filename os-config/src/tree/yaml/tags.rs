//! What a scalar is by its tag and its spelling.

use base64::Engine as _;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::Builder;
use super::lenient::binary_words;
use super::mapping::plain;
use crate::report::Finding;
use crate::tree::scalar::plain_kind;
use crate::tree::{Kind, Span, Value};

/// The tag that says: these bytes, in base64.
const BINARY: (&str, &str) = ("tag:yaml.org,2002:", "binary");

impl Builder<'_> {
    pub(super) fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Value {
        if let (Some(tag), true) = (tag, self.oddities.is_some())
            && let Some(value) = self.tagged(&text, tag, span)
        {
            return value;
        }
        let kind = self.kind(&text, style, tag, span);
        Value::Scalar(kind, text)
    }

    fn kind(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Kind {
        if tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str")) {
            return Kind::Text;
        }
        self.refuse_tag(tag, "", span);
        match style {
            ScalarStyle::Plain => plain_kind(text),
            _ => Kind::Text,
        }
    }

    /// A scalar by a tag that only the lenient reader takes.
    fn tagged(&mut self, text: &str, tag: &Tag, span: Span) -> Option<Value> {
        let natural = ["int", "float", "bool", "null"];
        if natural.iter().any(|name| tag.is_yaml_core_schema_tag(name)) {
            return Some(Value::Scalar(plain_kind(text), text.to_owned()));
        }
        if tag.parts() != BINARY {
            return None;
        }
        let packed: String = text.split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&packed)
            .ok()?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => {
                self.odd(span, "!!binary", binary_words());
                self.oddities.get_or_insert_default().bytes.push(span);
                packed
            }
        };
        Some(Value::Scalar(Kind::Text, text))
    }

    pub(super) fn refuse_tag(&mut self, tag: Option<&Tag>, natural: &str, span: Span) {
        let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(natural)) else {
            return;
        };
        let shown = plain(&tag.original()).into_owned();
        if self.oddities.is_some() {
            self.odd(
                span,
                &shown,
                "the tag is left out, its value taken as it is written",
            );
            return;
        }
        self.note_broken(Finding::at(
            span,
            format!("the tag `{shown}` is not understood"),
            "remove it; text that looks like something else goes in quotes",
        ));
    }
}
