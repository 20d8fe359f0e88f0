//! Spans of time as Go writes them, and as an `Upgrade` takes them.

use super::field::is_null;
use super::told::Told;
use crate::coerce::kind;
use os_config::tree::{Entry, Kind, Value};

const SECOND: i128 = 1_000_000_000;

/// The span in a field, as an `Upgrade` takes it. `None` when it says nothing or zero, and when it cannot be used, which is told.
/// A number is nanoseconds where `numbers` are taken.
pub(super) fn read(told: &mut Told, entry: &Entry, way: &[&str], numbers: bool) -> Option<String> {
    let span = match &entry.value.value {
        Value::Scalar(Kind::Null, _) => return None,
        Value::Scalar(Kind::Integer, digits) if numbers => digits.parse().ok(),
        Value::Scalar(_, text) => nanoseconds(text),
        _ => None,
    };
    let Some(span) = span else {
        let message = match &entry.value.value {
            Value::Scalar(..) => "it is no span of time such as 1h30m or 45s".to_owned(),
            _ => format!(
                "it should be a span of time such as 1h30m, not {}",
                kind(&entry.value)
            ),
        };
        told.lost(entry.key_span, way, &entry.value, message);
        return None;
    };
    if span == 0 {
        return None;
    }
    let written = written(span);
    match &written {
        None => {
            let message = "an Upgrade takes spans from 1s to 99999h";
            told.lost(entry.key_span, way, &entry.value, message);
        }
        Some(written) if span % SECOND != 0 => {
            let message = format!("in whole seconds it is {written}");
            told.changed(entry.key_span, way, message);
        }
        Some(_) => {}
    }
    written
}

/// True for a span of zero.
pub(super) fn is_zero(entry: &Entry) -> bool {
    !is_null(entry)
        && matches!(&entry.value.value, Value::Scalar(_, text) if nanoseconds(text) == Some(0))
}

/// So many minutes, as an `Upgrade` takes them.
pub(super) fn of_minutes(minutes: u32) -> String {
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours, minutes) {
        (0, _) => format!("{minutes}m"),
        (_, 0) => format!("{hours}h"),
        _ => format!("{hours}h{minutes}m"),
    }
}

/// In whole seconds, rounded up; `None` for what is negative or too long.
fn written(nanoseconds: i128) -> Option<String> {
    let seconds = u64::try_from((nanoseconds + SECOND - 1) / SECOND).ok()?;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if nanoseconds < 0 || hours > 99_999 {
        return None;
    }
    let parts = [(hours, "h"), (minutes, "m"), (seconds, "s")];
    Some(
        parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, unit)| format!("{count}{unit}"))
            .collect(),
    )
}

/// The nanoseconds of `1h30m`, `1.5s`, `250ms`, `-3s`, `0`.
fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let of_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut sum: i128 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !of_number(c))?);
        let (unit, after) = after.split_at(after.find(of_number).unwrap_or(after.len()));
        sum = sum.checked_add(part(number, unit)?)?;
        rest = after;
    }
    Some(sign * sum)
}

/// The nanoseconds of one number with its unit. Digits that cannot matter are not looked at.
fn part(number: &str, unit: &str) -> Option<i128> {
    const MOST_DIGITS: usize = 18;
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let nothing = whole.is_empty() && fraction.is_empty();
    if nothing || fraction.contains('.') || whole.len() > MOST_DIGITS {
        return None;
    }
    let count = |digits: &str| -> Option<i128> {
        if digits.is_empty() {
            Some(0)
        } else {
            digits.parse().ok()
        }
    };
    let mut sum = count(whole)? * unit;
    let mut tenth = unit;
    for digit in fraction.bytes().take(MOST_DIGITS) {
        tenth /= 10;
        sum += i128::from(digit - b'0') * tenth;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::{nanoseconds, of_minutes, written};

    #[test]
    fn spans_of_go_in_whole_seconds() {
        let table = [
            ("90s", Some("1m30s")),
            ("1h30m", Some("1h30m")),
            ("1.5h", Some("1h30m")),
            (".5m", Some("30s")),
            ("1ns", Some("1s")),
            ("1500ms", Some("2s")),
            ("+2us3µs", Some("1s")),
            ("99999h", Some("99999h")),
            ("100000h", None),
            ("-3s", None),
            ("3", None),
            ("s", None),
            ("", None),
            ("-", None),
            ("1.2.3s", None),
            ("1d", None),
            ("1 h", None),
            ("9999999999999999999h", None),
        ];
        for (text, want) in table {
            let got = nanoseconds(text).and_then(written);
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
        for zero in ["0", "0s", "-0", "0h0m"] {
            assert_eq!(nanoseconds(zero), Some(0), "{zero:?}");
        }
    }

    #[test]
    fn minutes_as_an_upgrade_takes_them() {
        for (minutes, want) in [(1, "1m"), (60, "1h"), (90, "1h30m"), (1439, "23h59m")] {
            assert_eq!(of_minutes(minutes), want);
        }
    }
}
