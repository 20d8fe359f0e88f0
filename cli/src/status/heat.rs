//! How hot the machine is.

use host::heat::{Sensor, sensors};
use std::path::Path;

/// The hottest sensor; nothing where the machine measures nothing.
pub(super) fn heat() -> Option<String> {
    line(&sensors(Path::new("/sys")))
}

/// That which is nearest to its end, where one has an end: a disk at 60 °C matters less than a processor at 90.
fn line(all: &[Sensor]) -> Option<String> {
    let left = |sensor: &&Sensor| {
        (
            sensor.switches_off.unwrap_or(i64::MAX) - sensor.now,
            -sensor.now,
        )
    };
    let hottest = all.iter().min_by_key(left)?;
    let now = format!("{} °C ({})", rounded(hottest.now), hottest.name);
    Some(match hottest.switches_off {
        Some(end) => format!("{now}; it switches off at {} °C", rounded(end)),
        None => now,
    })
}

fn rounded(thousandths: i64) -> i64 {
    (thousandths + 500) / 1000
}

#[cfg(test)]
mod tests {
    use super::{Sensor, line};

    #[test]
    fn the_sensor_that_matters_is_told() {
        let sensor = |name: &str, now, switches_off| Sensor {
            zone: "/x".into(),
            name: name.to_owned(),
            now,
            switches_off,
        };
        for (case, all, expected) in [
            ("none", vec![], None),
            (
                "one",
                vec![sensor("cpu-thermal", 47_712, Some(90_000))],
                Some("48 °C (cpu-thermal); it switches off at 90 °C"),
            ),
            (
                "the nearest to its end",
                vec![
                    sensor("acpitz", 27_800, Some(110_000)),
                    sensor("x86_pkg_temp", 81_000, Some(105_000)),
                    sensor("iwlwifi_1", 90_000, None),
                ],
                Some("81 °C (x86_pkg_temp); it switches off at 105 °C"),
            ),
            (
                "no end, the hotter",
                vec![sensor("a", 30_000, None), sensor("b", 40_000, None)],
                Some("40 °C (b)"),
            ),
        ] {
            assert_eq!(line(&all).as_deref(), expected, "{case}");
        }
    }
}
