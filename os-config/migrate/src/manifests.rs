//! Manifests: kinds of k3s and k3OS have no controller here.

use super::draft::{Draft, map, nest, text};
use super::reading;
use os_config::tree::{Kind, Span, Value};

/// Moves a manifest, except for what has no controller here.
pub(super) fn manifest(draft: &mut Draft, name: &str, content: &str, span: Span) {
    let name = name.replace('/', "-");
    let mut others: Vec<&str> = Vec::new();
    let all = documents(content);
    for document in &all {
        let Some(message) = nothing_takes(document) else {
            others.push(document);
            continue;
        };
        let original = nest(&["manifests", &name], text(span, *document));
        draft.lost(span, &name, message, original);
    }
    let rest = others.concat();
    if others.len() < all.len() && says_nothing(&rest) {
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

/// Why a document stays behind: its group has no controller here.
fn nothing_takes(document: &str) -> Option<&'static str> {
    let mut aside = Draft::new();
    let start = aside.tree.span;
    let tree = reading::inner(&mut aside, document, start).ok().flatten()?;
    let Value::Scalar(Kind::Text, group) = &tree.entry("apiVersion")?.value.value else {
        return None;
    };
    if group.starts_with("helm.cattle.io/") {
        Some(
            "a HelmChart of k3s, and Holdfast has no controller for it: install what it makes, as from `helm template`",
        )
    } else if group.starts_with("upgrade.cattle.io/") {
        Some(
            "a Plan of the system-upgrade-controller, and Holdfast has none: put it into a file of its own, and `holdfast config migrate` makes an Upgrade of it",
        )
    } else {
        None
    }
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
