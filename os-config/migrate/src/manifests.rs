//! Manifests: k3s's own kinds of Helm charts have no controller here.

use super::draft::{Draft, map, nest, text};
use super::reading;
use os_config::tree::{Kind, Span, Value};

/// Moves a manifest, except for its Helm charts.
pub(super) fn manifest(draft: &mut Draft, name: &str, content: &str, span: Span) {
    let name = name.replace('/', "-");
    let (charts, others): (Vec<&str>, Vec<&str>) = documents(content)
        .into_iter()
        .partition(|text| is_chart(text));
    for chart in &charts {
        let original = nest(&["manifests", &name], text(span, *chart));
        draft.lost(
            span,
            &name,
            "a HelmChart of k3s, and Holdfast has no controller for it: install what it makes, as from `helm template`",
            original,
        );
    }
    let rest = others.concat();
    if !charts.is_empty() && says_nothing(&rest) {
        return;
    }
    draft.changed(
        span,
        "write_files",
        format!("the manifest {name} is in `manifests` now"),
    );
    let members = vec![("name", text(span, name)), ("content", text(span, rest))];
    draft.push(&["manifests"], map(span, members));
}

/// The documents, each with the `---` line that begins it.
fn documents(content: &str) -> Vec<&str> {
    let mut begins = vec![0];
    let mut at = 0;
    for line in content.split_inclusive('\n') {
        if at > 0 && (line.trim_end() == "---" || line.starts_with("--- ")) {
            begins.push(at);
        }
        at += line.len();
    }
    begins.push(content.len());
    begins
        .windows(2)
        .map(|ends| &content[ends[0]..ends[1]])
        .collect()
}

/// True for a document of the group of k3s's Helm controller.
fn is_chart(document: &str) -> bool {
    let mut aside = Draft::new();
    let start = aside.tree.span;
    let tree = reading::inner(&mut aside, document, start).ok().flatten();
    let Some(group) = tree.as_ref().and_then(|tree| tree.entry("apiVersion")) else {
        return false;
    };
    matches!(&group.value.value, Value::Scalar(Kind::Text, group) if group.starts_with("helm.cattle.io/"))
}

/// True when nothing but comments and `---` is left.
fn says_nothing(content: &str) -> bool {
    content
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

#[cfg(test)]
mod tests {
    use super::documents;

    #[test]
    fn documents_keep_every_byte() {
        for text in ["", "a", "---\na\n---\nb", "a\n---\n", "--- a\n--- b\n"] {
            assert_eq!(documents(text).concat(), text);
        }
        assert_eq!(documents("---\na\n---\nb").len(), 2);
    }
}
