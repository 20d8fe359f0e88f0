//! On how many nodes a release failed, and when that is too much.

use super::member::Members;
use super::shut::Shut;

/// How many nodes are named.
const NAMED: usize = 5;

/// On which nodes the release failed, as a sentence without its end; none if it failed nowhere.
pub(super) fn in_words(members: &Members<'_>) -> Option<String> {
    let failed = members.failed();
    match failed.as_slice() {
        [] => None,
        [(name, why)] => Some(format!("the release failed on {name}: {why}")),
        _ => {
            let named = failed.iter().take(NAMED);
            let named: Vec<String> = named.map(|(name, why)| format!("{name} ({why})")).collect();
            let more = match failed.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let (count, named) = (failed.len(), named.join(", "));
            Some(format!(
                "the release failed on {count} nodes: {named}{more}"
            ))
        }
    }
}

/// As [`in_words`], with how many may fail if that is more than it are.
pub(super) fn so_far(members: &Members<'_>) -> Option<String> {
    let failed = in_words(members)?;
    let strategy = &members.upgrade.spec.strategy;
    let bears = strategy
        .max_failures
        .and(strategy.bears(members.list.len()));
    Some(match bears {
        Some(bears) => format!("{failed}; with spec.strategy.maxFailures {bears} may fail"),
        None => failed,
    })
}

/// Why no further node may begin, if it failed on too many. Of the canary nodes none may.
pub(super) fn too_many(members: &Members<'_>, before_canaries: bool) -> Option<Shut> {
    let strategy = &members.upgrade.spec.strategy;
    let all = members.list.len();
    let bears = match before_canaries {
        true => 0,
        false => strategy.bears(all)?,
    };
    if members.failed().len() <= bears {
        return None;
    }
    let failed = in_words(members)?;
    let message = match (before_canaries, strategy.max_failures) {
        (false, Some(_)) => format!(
            "{failed}; with spec.strategy.maxFailures {bears} may fail. Raise that to go on, raise spec.retry to try it again, or name another release"
        ),
        _ => format!("{failed}. Raise spec.retry to try it again, or name another release"),
    };
    Some(Shut::new("Stopped", message))
}
