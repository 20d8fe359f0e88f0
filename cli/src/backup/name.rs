//! The names of backups: `holdfast-backup-NODE-TIME.age`.

/// What they begin with.
pub(crate) const PREFIX: &str = "holdfast-backup-";
/// What they end with.
pub(crate) const ENDING: &str = ".age";

/// Of the names in a place, those of this series that go so that `keep` stay, by the times in them; never the one that was just made.
pub(super) fn too_many(names: Vec<String>, series: &str, made: &str, keep: u32) -> Vec<String> {
    let is_one = |name: &&str| {
        let time = name.strip_prefix(series);
        let time = time.and_then(|rest| rest.strip_suffix(ENDING));
        // Another node's name may begin with this one's.
        time.is_some_and(|time| time.len() == 16 && !time.contains('-'))
    };
    let mut others: Vec<&str> = names.iter().map(String::as_str).collect();
    others.retain(|name| is_one(name) && *name != made);
    others.sort_unstable();
    let kept = usize::try_from(keep.max(1) - 1).unwrap_or(usize::MAX);
    let gone = others.len().saturating_sub(kept);
    others[..gone]
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::too_many;

    #[test]
    fn only_the_nodes_own_backups_are_forgotten() {
        let name =
            |node: &str, day: u32| format!("holdfast-backup-{node}-202611{day:02}T120000Z.age");
        let mut names: Vec<String> = (1..=5).map(|day| name("edge", day)).collect();
        names.extend([
            name("edge-2", 1),
            "holdfast-backup-edge-notes.age".into(),
            "x".into(),
        ]);
        let gone = |made: &str, keep| too_many(names.clone(), "holdfast-backup-edge-", made, keep);
        assert_eq!(
            gone(&name("edge", 5), 3),
            [name("edge", 1), name("edge", 2)]
        );
        assert_eq!(gone(&name("edge", 5), 9), Vec::<String>::new());
        // A clock that was wrong: what was just made stays.
        let first = [2, 3, 4, 5].map(|day| name("edge", day));
        assert_eq!(gone(&name("edge", 1), 1), first);
    }
}
