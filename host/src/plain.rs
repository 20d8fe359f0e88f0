//! Text of strangers, made fit to be shown on a console: the kernel's, a check's.

/// `text` on one line of at most `longest` characters, without control characters: none of it moves a cursor or sets a colour.
pub fn line(text: &str, longest: usize) -> String {
    let mut characters = text
        .trim_matches(|c: char| c.is_whitespace() || c.is_control())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_is_one_line_and_no_longer_than_it_may_be() {
        for (text, expected) in [
            ("", ""),
            ("fits here", "fits here"),
            ("\u{1b}[2Jred\n", "[2Jred"),
            ("two\nlines", "two lines"),
            ("ten letter", "ten letter"),
            ("eleven ones", "eleven on…"),
            ("äöüßäöüßäöüß", "äöüßäöüßä…"),
        ] {
            assert_eq!(line(text, 10), expected, "{text:?}");
        }
    }
}
