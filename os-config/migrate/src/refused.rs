//! The draft goes through the usual checks; what does not pass is taken out.

use super::draft::Draft;
use os_config::Finding;
use os_config::tree::{Entry, Node, Path, Step, Value, problems};

/// Something taken out of the draft.
pub(super) struct LeftOut {
    pub(super) path: Path,
    pub(super) node: Node,
    pub(super) line: usize,
    pub(super) message: String,
}

/// Takes out everything that does not pass and returns it.
pub(super) fn take_out(draft: &mut Draft) -> Vec<LeftOut> {
    let mut all = Vec::new();
    loop {
        let findings = problems(&draft.tree);
        if findings.is_empty() {
            return all;
        }
        let mut units: Vec<(Path, Finding)> = findings.into_iter().filter_map(unit).collect();
        // From the end, so that the numbers of list entries that come before stay right.
        units.sort_by(|(a, _), (b, _)| b.cmp(a));
        units.dedup_by(|(a, _), (b, _)| a == b);
        let before = all.len();
        for (path, finding) in units {
            if let Some(node) = take(draft, &path) {
                all.push(LeftOut {
                    line: node.span.line,
                    path,
                    node,
                    message: sentence(&finding),
                });
            }
        }
        if all.len() == before {
            // Nothing could be taken out by key: without its keys the draft is sound.
            all.extend(everything(draft));
            return all;
        }
    }
}

/// True when nothing would be taken out.
pub(super) fn is_none(draft: &Draft) -> bool {
    problems(&draft.tree).is_empty()
}

/// Takes out what is at `path`, and the lists and mappings that are empty without it: they would be wrong in turn.
fn take(draft: &mut Draft, path: &Path) -> Option<Node> {
    let node = draft.take(path)?;
    let empty = |node: &Node| match &node.value {
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar(..) => false,
    };
    let mut above = path.clone();
    while above.0.pop().is_some() && draft.tree.get(&above).is_some_and(empty) {
        draft.take(&above);
    }
    Some(node)
}

/// Empties the draft.
fn everything(draft: &mut Draft) -> Vec<LeftOut> {
    let whole = std::mem::replace(&mut draft.tree, Draft::new().tree);
    let part = |entry: &Entry| LeftOut {
        path: Path::default().then(entry.key.as_str()),
        node: entry.value.clone(),
        line: entry.key_span.line,
        message: "it does not go together with the rest".to_owned(),
    };
    let entries = whole.entries().iter();
    entries
        .filter(|entry| entry.key != "version")
        .map(part)
        .collect()
}

/// The part that goes: a whole entry of a list, else the key itself.
fn unit(finding: Finding) -> Option<(Path, Finding)> {
    let path = finding.path()?.clone();
    let end = path
        .0
        .iter()
        .position(|step| matches!(step, Step::Index(_)));
    let path = match end {
        Some(end) => Path(path.0[..=end].to_vec()),
        None => path,
    };
    (!path.0.is_empty()).then_some((path, finding))
}

fn sentence(finding: &Finding) -> String {
    if finding.help.is_empty() {
        finding.message.clone()
    } else {
        format!("{}; {}", finding.message, finding.help)
    }
}
