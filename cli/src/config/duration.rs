//! `60s`, `5m`, `1h`: how long a trial lasts.

use std::time::Duration;

/// Shorter, nobody can confirm; longer, it is no trial.
const SHORTEST: u64 = 5;
const LONGEST: u64 = 24 * 3600;

pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let seconds = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|_| unit != 0);
    match seconds {
        Some(seconds) if (SHORTEST..=LONGEST).contains(&seconds) => {
            Ok(Duration::from_secs(seconds))
        }
        Some(_) => Err("a trial lasts from 5s to 24h".to_owned()),
        None => Err("write a time such as 60s, 5m or 1h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let cases = [
            ("60s", Ok(60)),
            ("5m", Ok(300)),
            ("1h", Ok(3600)),
            ("90", Ok(90)),
            ("2s", Err("a trial lasts from 5s to 24h")),
            ("25h", Err("a trial lasts from 5s to 24h")),
            ("soon", Err("write a time such as 60s, 5m or 1h")),
            ("5d", Err("write a time such as 60s, 5m or 1h")),
            ("", Err("write a time such as 60s, 5m or 1h")),
        ];
        for (text, expected) in cases {
            let expected = expected.map(Duration::from_secs).map_err(str::to_owned);
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
