//! Lengths of time as people type them.

use std::time::Duration;

/// `90s`, `20m`, `2h`, `30d`, or bare seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let (digits, factor) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, factor(text)),
        None => (text, 1),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .map(Duration::from_secs)
        .ok_or_else(|| "write a time such as 60s, 5m, 1h or 30d".to_owned())
}

fn factor(text: &str) -> u64 {
    match text.as_bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, secs) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("20m", Some(1200)),
            ("2h", Some(7200)),
            ("30d", Some(2_592_000)),
        ] {
            assert_eq!(
                parse(text).ok().map(|length| length.as_secs()),
                secs,
                "{text}"
            );
        }
        for text in [
            "",
            "m",
            "soon",
            "5w",
            "-1s",
            "1.5m",
            "2 m",
            "99999999999999999999s",
            "9999999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
