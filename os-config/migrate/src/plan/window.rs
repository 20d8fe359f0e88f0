//! The window in which nodes may restart.

use super::field::is_null;
use super::span;
use super::told::Told;
use crate::coerce::{entries, scalar};
use crate::draft::{list, map, text};
use os_config::TimeZone;
use os_config::tree::{Entry, Node};

const WAY: [&str; 2] = ["spec", "window"];
const KEYS: [&str; 4] = ["days", "startTime", "endTime", "timeZone"];
const DAY: u32 = 24 * 60;

/// The window in a field. One that cannot be carried over pauses the Upgrade: without a window nodes restart at any time.
pub(super) fn window(told: &mut Told, entry: &Entry) -> Option<Node> {
    if is_null(entry) {
        return None;
    }
    for member in entry.value.entries() {
        if !KEYS.contains(&member.key.as_str()) {
            told.unknown(member, &WAY, &KEYS);
        }
    }
    let start = time(told, entry, "startTime");
    let end = time(told, entry, "endTime");
    let (Some(start), Some(end)) = (start, end) else {
        return lost(
            told,
            entry,
            "it needs `startTime` and `endTime`, such as \"02:00\"",
        );
    };
    if start == end {
        return lost(told, entry, "it ends when it begins, so it never opened");
    }
    if end < start {
        let message = "a Plan's window that ends before it begins never opened; an Upgrade's is open past midnight, into the next day";
        told.changed(entry.key_span, &WAY, message);
    }
    let days = match days(told, entry) {
        Ok(days) => days,
        Err(message) => return lost(told, entry, message),
    };
    let zone = match zone(entry) {
        Ok(zone) => zone,
        Err(message) => return lost(told, entry, &message),
    };
    let at = entry.value.span;
    let mut members = Vec::new();
    if !days.is_empty() {
        let days = days.into_iter().map(|day| text(at, day)).collect();
        members.push(("days", list(at, days)));
    }
    let begins = format!("{:02}:{:02}", start / 60, start % 60);
    members.push(("start", text(at, begins)));
    let open = span::of_minutes((end + DAY - start) % DAY);
    members.push(("duration", text(at, open)));
    if let Some(zone) = zone {
        members.push(("timeZone", text(at, zone)));
    }
    Some(map(at, members))
}

fn lost(told: &mut Told, entry: &Entry, message: &str) -> Option<Node> {
    told.limit_lost(entry.key_span, &WAY, &entry.value, message);
    None
}

/// The days, each once; none stands for every day.
fn days(told: &mut Told, window: &Entry) -> Result<Vec<&'static str>, &'static str> {
    let given = window.value.entry("days").map(|days| entries(&days.value));
    let given = given.unwrap_or_default();
    if given.is_empty() {
        let message = "a Plan's window without days never opened; an Upgrade's opens every day";
        told.changed(window.key_span, &WAY, message);
        return Ok(Vec::new());
    }
    let mut days = Vec::new();
    for item in given {
        match scalar(item).and_then(day) {
            Some(day) if days.contains(&day) => {}
            Some(day) => days.push(day),
            None => {
                let message = "it is no day such as monday, mon, mo or 1 (0 is sunday)";
                let original = list(item.span, vec![item.clone()]);
                told.lost(item.span, &["spec", "window", "days"], &original, message);
            }
        }
    }
    if days.is_empty() {
        return Err("none of its days is one");
    }
    Ok(days)
}

/// A day by any of its names: the whole, three letters, two, or its number.
fn day(name: &str) -> Option<&'static str> {
    const DAYS: [(&str, &str); 7] = [
        ("sun", "sunday"),
        ("mon", "monday"),
        ("tue", "tuesday"),
        ("wed", "wednesday"),
        ("thu", "thursday"),
        ("fri", "friday"),
        ("sat", "saturday"),
    ];
    let name = name.to_ascii_lowercase();
    let mut all = DAYS.iter().enumerate();
    let found = all.find(|(number, (short, whole))| {
        name == *short || name == *whole || name == short[..2] || name == number.to_string()
    });
    found.map(|(_, (short, _))| *short)
}

fn zone(window: &Entry) -> Result<Option<String>, String> {
    let Some(zone) = window.value.entry("timeZone").filter(|zone| !is_null(zone)) else {
        return Ok(None);
    };
    match scalar(&zone.value).map(TimeZone::parse) {
        _ if scalar(&zone.value) == Some("") => Ok(None),
        _ if scalar(&zone.value) == Some("Local") => Err(
            "`Local` was the clock of the controller's pod; write a zone such as Europe/Berlin"
                .to_owned(),
        ),
        Some(Ok(zone)) => Ok(Some(zone.to_string())),
        Some(Err(invalid)) => Err(format!("{}; {}", invalid.message, invalid.help)),
        None => Err("its `timeZone` should be a text".to_owned()),
    }
}

/// The time in a member, in minutes since midnight. Seconds are left out, as the controller did.
fn time(told: &mut Told, window: &Entry, key: &str) -> Option<u32> {
    let entry = window.value.entry(key)?;
    let (minutes, seconds) = clock(scalar(&entry.value)?)?;
    if seconds > 0 {
        let message = "an Upgrade's windows are to the minute: the seconds are left out";
        told.changed(entry.key_span, &["spec", "window", key], message);
    }
    Some(minutes)
}

/// `02:00`, `2:00`, `02:00:30`, `02:00pm`, `2`, `02pm`: minutes since midnight, and the seconds.
fn clock(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().to_ascii_lowercase();
    let (clock, afternoon) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (_, Some(clock)) => (clock, Some(true)),
        _ => (text.as_str(), None),
    };
    let mut parts = clock.trim().split(':').map(|digits| {
        let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| plain)
    });
    let hour = parts.next()??;
    let minute = parts.next().unwrap_or(Some(0))?;
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || minute > 59 || second > 59 {
        return None;
    }
    let hour = match afternoon {
        None => (hour < 24).then_some(hour)?,
        Some(afternoon) => {
            let hour = (1..=12).contains(&hour).then_some(hour % 12)?;
            hour + if afternoon { 12 } else { 0 }
        }
    };
    Some((hour * 60 + minute, second))
}

#[cfg(test)]
mod tests {
    use super::{clock, day};

    #[test]
    fn times_in_every_spelling_of_the_controller() {
        let table = [
            ("02:00", Some((120, 0))),
            ("2:05", Some((125, 0))),
            ("23:59:30", Some((1439, 30))),
            ("12:00am", Some((0, 0))),
            ("12:30pm", Some((750, 0))),
            ("07:15PM", Some((1155, 0))),
            ("9am", Some((540, 0))),
            ("22", Some((1320, 0))),
            ("24:00", None),
            ("12:60", None),
            ("13:00pm", None),
            ("0am", None),
            ("", None),
            ("+2:00", None),
            ("002:00", None),
            ("1:2:3:4", None),
            ("noon", None),
        ];
        for (text, want) in table {
            assert_eq!(clock(text), want, "{text:?}");
        }
    }

    #[test]
    fn days_in_every_spelling_of_the_controller() {
        let table = [
            ("0", Some("sun")),
            ("6", Some("sat")),
            ("7", None),
            ("Monday", Some("mon")),
            ("tu", Some("tue")),
            ("thu", Some("thu")),
            ("thur", None),
            ("", None),
        ];
        for (name, want) in table {
            assert_eq!(day(name), want, "{name:?}");
        }
    }
}
