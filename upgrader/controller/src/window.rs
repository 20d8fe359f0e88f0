//! Whether nodes may restart now.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::time::Duration;
use upgrade_crd::{Day, Window};

/// What the windows say of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Open {
    /// Nodes may restart.
    Now,
    /// Not before this moment.
    At(Timestamp),
    /// A window names a time zone that is not known.
    UnknownZone(String),
}

/// What all windows say; without one, nodes may restart at any time.
pub(crate) fn open_at(windows: &[Window], now: Timestamp) -> Open {
    let mut next: Option<Timestamp> = None;
    for window in windows {
        let Ok(zone) = TimeZone::get(&window.time_zone) else {
            return Open::UnknownZone(window.time_zone.clone());
        };
        match opening(window, &zone, now) {
            Some(at) if at <= now => return Open::Now,
            Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
            None => {}
        }
    }
    match next {
        _ if windows.is_empty() => Open::Now,
        Some(at) => Open::At(at),
        // No clock shows such a time within the days that were looked at.
        None => Open::At(
            now.saturating_add(SignedDuration::from_hours(24))
                .unwrap_or(now),
        ),
    }
}

/// The opening that is not over yet and comes first. A time that a change of the clock leaves out or shows twice is taken as the
/// zone's rules say.
fn opening(window: &Window, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let length = SignedDuration::try_from(Duration::from(window.duration)).ok()?;
    let here = now.to_zoned(zone.clone());
    let start = Time::new(window.start.hour as i8, window.start.minute as i8, 0, 0).ok()?;
    // A window may be longer than a day, and some open once a week.
    let back = i32::try_from(length.as_hours() / 24 + 1)
        .unwrap_or(7)
        .min(8);
    (-back..=8).find_map(|days| {
        let date = here.date().checked_add(days.days()).ok()?;
        if !window.days.is_empty()
            && !window
                .days
                .iter()
                .any(|day| weekday(*day) == date.weekday())
        {
            return None;
        }
        let opens = date
            .to_datetime(start)
            .to_zoned(zone.clone())
            .ok()?
            .timestamp();
        let closes = opens.checked_add(length).ok()?;
        (closes > now).then_some(opens)
    })
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::{Open, open_at};
    use serde_json::{Value, json};
    use upgrade_crd::Window;

    fn see(windows: &Value, now: &str) -> String {
        let windows: Vec<Window> = serde_json::from_value(windows.clone()).expect("windows");
        match open_at(&windows, now.parse().expect("a moment")) {
            Open::Now => "now".to_owned(),
            Open::At(at) => at.to_string(),
            Open::UnknownZone(zone) => format!("unknown {zone}"),
        }
    }

    #[test]
    fn windows_open_by_the_clock_of_their_place() {
        let berlin = json!([{
            "days": ["sat", "sun"], "start": "02:00", "duration": "4h", "timeZone": "Europe/Berlin",
        }]);
        let late = json!([{ "days": ["fri"], "start": "22:00", "duration": "6h" }]);
        let daily = json!([{ "start": "02:30", "duration": "1h", "timeZone": "Europe/Berlin" }]);
        let two = json!([
            { "days": ["mon"], "start": "01:00", "duration": "1h" },
            { "days": ["wed"], "start": "01:00", "duration": "1h" },
        ]);
        let table = [
            ("no window", &json!([]), "2026-11-28T12:00:00Z", "now"),
            // A Saturday; Berlin is an hour ahead.
            ("opens", &berlin, "2026-11-28T01:00:00Z", "now"),
            (
                "a second before",
                &berlin,
                "2026-11-28T00:59:59Z",
                "2026-11-28T01:00:00Z",
            ),
            (
                "closes",
                &berlin,
                "2026-11-28T05:00:00Z",
                "2026-11-29T01:00:00Z",
            ),
            (
                "a week's wait",
                &berlin,
                "2026-11-29T05:00:00Z",
                "2026-12-05T01:00:00Z",
            ),
            (
                "in summer two hours",
                &berlin,
                "2026-07-03T12:00:00Z",
                "2026-07-04T00:00:00Z",
            ),
            ("past midnight", &late, "2026-11-28T03:59:00Z", "now"),
            (
                "over",
                &late,
                "2026-11-28T04:00:00Z",
                "2026-12-04T22:00:00Z",
            ),
            (
                "the first of two",
                &two,
                "2026-11-28T12:00:00Z",
                "2026-11-30T01:00:00Z",
            ),
            // On this night Berlin's clocks go from 02:00 to 03:00.
            (
                "a time left out",
                &daily,
                "2026-03-29T00:00:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "nonsense",
                &json!([{ "start": "02:30", "duration": "1h", "timeZone": "Moon/Sea" }]),
                "2026-03-29T00:00:00Z",
                "unknown Moon/Sea",
            ),
        ];
        for (name, windows, now, expected) in table {
            assert_eq!(see(windows, now), expected, "{name}");
        }
    }
}
