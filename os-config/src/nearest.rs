//! The known key or word nearest to one that is not known.

/// The known word nearest to `word`, when one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.chars().count() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let target = plain(word);
    known
        .iter()
        .filter(|known| !known.is_empty())
        .map(|known| (strsim::damerau_levenshtein(&target, &plain(known)), *known))
        .min()
        .filter(|(distance, known)| *distance <= (known.len() / 3).clamp(1, 3))
        .map(|(_, known)| known)
}
