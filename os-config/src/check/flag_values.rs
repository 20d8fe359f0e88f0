//! Values that a flag cannot have, by its type: the component ends with such a one at its start, so none may come that far.
//!
//! The table is what `engine COMPONENT --help` says of the flags whose type is plain: a number, a time, an address, true or false. Others
//! take texts of their own, and only the component knows which.

use super::engine_flags::{component, truth};
use crate::values::Invalid;
use std::net::IpAddr;

const TABLE: &str = include_str!("kubernetes-flag-types.txt");

/// What a flag takes, as upstream reads it (Go's `strconv` and `time`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    /// A whole number between two others.
    Whole(i128, i128),
    Number,
    Time,
    Address,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Truth,
            "int32" => Self::Whole(i32::MIN.into(), i32::MAX.into()),
            "int" => Self::Whole(i64::MIN.into(), i64::MAX.into()),
            "uint" => Self::Whole(0, u64::MAX.into()),
            "float" | "float32" => Self::Number,
            "duration" => Self::Time,
            "ip" => Self::Address,
            _ => return None,
        })
    }

    fn takes(self, value: &str) -> bool {
        match self {
            Self::Truth => truth(value).is_some(),
            Self::Whole(least, most) => {
                whole(value).is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Number => number(value),
            Self::Time => time(value),
            // Some take none for all.
            Self::Address => value.is_empty() || value.trim().parse::<IpAddr>().is_ok(),
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Truth => "write `true` or `false`",
            Self::Whole(0, _) => "write a whole number from 0 on, such as 10",
            Self::Whole(..) => "write a whole number, such as 10",
            Self::Number => "write a number, such as 10 or 0.5",
            Self::Time => "write a time with its unit, such as 30s, 5m or 1h30m",
            Self::Address => "write an IP address",
        }
    }
}

/// What is wrong with a value of the flag under `key`, if that can be told.
pub(super) fn wrong(key: &str, flag: &str, value: &str) -> Option<Invalid> {
    let kind = kind(component(key), flag)?;
    (!kind.takes(value)).then(|| {
        let message = format!("`{flag}` of {} cannot be {value:?}", component(key));
        Invalid::new(message, kind.wanted())
    })
}

fn kind(component: &str, flag: &str) -> Option<Kind> {
    TABLE.lines().find_map(|line| {
        let mut words = line.split(' ');
        let is_it = words.next() == Some(component) && words.next() == Some(flag);
        is_it.then(|| words.next().and_then(Kind::named))?
    })
}

/// Decimal, or with 0x, 0o, 0b; underscores between digits, and the old way to write octal.
fn whole(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) if text.starts_with('-') => (-1, digits),
        Some(digits) => (1, digits),
        None => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, rest) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let plain = !rest.starts_with(['+', '-']) && !rest.ends_with('_') && !rest.contains("__");
    let number = i128::from_str_radix(&rest.replace('_', ""), base).ok()?;
    plain.then_some(sign * number)
}

/// Also `1e3`. What Go takes besides (`inf`, hexadecimal) no flag has a use for, and is left to the component.
fn number(text: &str) -> bool {
    let is_strange = |text: &str| {
        let text = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
        text.starts_with("0x") || ["inf", "infinity", "nan"].contains(&text.as_str())
    };
    text.parse::<f64>().is_ok() || is_strange(text)
}

/// `1h30m`, `1.5s`, `0`.
fn time(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &rest[..rest.len() - unit.len()];
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = unit.split_at(end.unwrap_or(unit.len()));
        let has_digits = number.contains(|c: char| c.is_ascii_digit());
        if !has_digits || number.matches('.').count() > 1 || !UNITS.contains(&unit) {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{TABLE, kind, wrong};
    use crate::check::engine_flags::flags;

    #[test]
    fn every_line_of_the_table_is_about_a_flag_that_there_is() {
        for line in TABLE.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [component, flag, _] = words[..] else {
                panic!("{line}");
            };
            assert!(flags(component).contains(&flag), "{line}");
            assert!(kind(component, flag).is_some(), "{line}");
        }
    }

    #[test]
    fn values_by_type() {
        for (key, flag, right, bad) in [
            (
                "kubelet_args",
                "max-pods",
                &["110", "-1", "+5", "0x10", "1_000", "010"][..],
                &["abc", "", "1.5", "110 ", "3000000000", "1__0", "0x", "09"][..],
            ),
            (
                "api_server_args",
                "event-ttl",
                &["1h", "1h30m", "1.5s", "0", "-5m", "300ms", "2µs"],
                &["60", "", "1 h", "1d", "h", "1h30", "1..5s", "-"],
            ),
            (
                "api_server_args",
                "profiling",
                &["true", "F", "0"],
                &["yes", "", "off"],
            ),
            (
                "controller_manager_args",
                "kube-api-qps",
                &["20", "0.5", "1e3", "Inf", "0x1p-2"],
                &["", "fast", "1,5"],
            ),
            (
                "kubelet_args",
                "address",
                &["0.0.0.0", "::", ""],
                &["eth0", "10.0.0.0/8"],
            ),
            // Its texts are its own.
            ("kubelet_args", "eviction-hard", &["nonsense"], &[]),
            ("kubelet_args", "no-such-flag", &["x"], &[]),
        ] {
            for value in right {
                assert_eq!(wrong(key, flag, value), None, "{flag}={value:?}");
            }
            for value in bad {
                assert!(wrong(key, flag, value).is_some(), "{flag}={value:?}");
            }
        }
    }
}
