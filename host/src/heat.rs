//! How hot the machine is: the kernel's thermal zones.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Firmware writes nonsense into what it does not use.
const POSSIBLE_END: Range<i64> = 50_000..150_000;
/// A sensor that is not there, or does not measure yet, says 0 or less.
const POSSIBLE_NOW: Range<i64> = 1..150_000;

/// A sensor, in thousandths of a degree Celsius.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensor {
    /// The kernel's folder of it.
    pub zone: PathBuf,
    /// What it is of, in the words of its driver.
    pub name: String,
    /// What it measures now.
    pub now: i64,
    /// The lowest temperature at which the kernel switches the machine off; none where it does not say.
    pub switches_off: Option<i64>,
}

/// All sensors of the machine whose `/sys` this is, in the kernel's order.
#[must_use]
pub fn sensors(sys: &Path) -> Vec<Sensor> {
    let zones = members(sys, "thermal_zone").into_iter();
    zones.filter_map(sensor).collect()
}

/// Whether a processor is slowed down because of heat.
#[must_use]
pub fn slows_the_processor(sys: &Path) -> bool {
    members(sys, "cooling_device").into_iter().any(|device| {
        let kind = text(&device, "type");
        let is_processor = kind.starts_with("cpufreq") || kind == "Processor";
        is_processor && number(&device, "cur_state").is_some_and(|state| state > 0)
    })
}

fn sensor(zone: PathBuf) -> Option<Sensor> {
    let now = number(&zone, "temp").filter(|now| POSSIBLE_NOW.contains(now))?;
    Some(Sensor {
        name: text(&zone, "type"),
        now,
        switches_off: switches_off(&zone),
        zone,
    })
}

fn switches_off(zone: &Path) -> Option<i64> {
    let trips = (0..).map_while(|trip| {
        let kind = fs::read_to_string(zone.join(format!("trip_point_{trip}_type"))).ok()?;
        Some((kind, number(zone, &format!("trip_point_{trip}_temp"))))
    });
    let critical = trips.filter(|(kind, _)| kind.trim() == "critical");
    let at = critical.filter_map(|(_, at)| at);
    at.filter(|at| POSSIBLE_END.contains(at)).min()
}

fn members(sys: &Path, prefix: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(sys.join("class/thermal"));
    let all = all.into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = all
        .filter(|at| at.file_name().to_string_lossy().starts_with(prefix))
        .map(|at| at.path())
        .collect();
    found.sort();
    found
}

fn text(folder: &Path, file: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
    text.trim().to_owned()
}

fn number(folder: &Path, file: &str) -> Option<i64> {
    text(folder, file).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{sensors, slows_the_processor};
    use std::fs;
    use std::path::Path;

    fn put(sys: &Path, path: &str, text: &str) {
        let path = sys.join("class/thermal").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(path, format!("{text}\n")).expect("written");
    }

    #[test]
    fn a_sensor_says_what_it_is_and_where_it_ends() {
        for (case, files, expected) in [
            ("no sensor", &[][..], None),
            (
                "a Raspberry Pi 4",
                &[
                    ("type", "cpu-thermal"),
                    ("temp", "47712"),
                    ("trip_point_0_type", "critical"),
                    ("trip_point_0_temp", "90000"),
                ],
                Some(("cpu-thermal", 47_712, Some(90_000))),
            ),
            (
                "the lowest end, and one that firmware does not use",
                &[
                    ("type", "x86_pkg_temp"),
                    ("temp", "60000"),
                    ("trip_point_0_type", "passive"),
                    ("trip_point_0_temp", "55000"),
                    ("trip_point_1_type", "critical"),
                    ("trip_point_1_temp", "0"),
                    ("trip_point_2_type", "critical"),
                    ("trip_point_2_temp", "110000"),
                    ("trip_point_3_type", "critical"),
                    ("trip_point_3_temp", "105000"),
                ],
                Some(("x86_pkg_temp", 60_000, Some(105_000))),
            ),
            (
                "it does not say where it ends",
                &[("type", "acpitz"), ("temp", "27800")],
                Some(("acpitz", 27_800, None)),
            ),
            (
                "it measures nothing",
                &[("type", "iwlwifi_1"), ("temp", "-274000")],
                None,
            ),
            ("it cannot be read", &[("type", "iwlwifi_1")], None),
        ] {
            let sys = tempfile::tempdir().expect("folder");
            for (file, text) in files {
                put(sys.path(), &format!("thermal_zone0/{file}"), text);
            }
            let found = sensors(sys.path());
            let found = found.first();
            let found = found.map(|one| (one.name.as_str(), one.now, one.switches_off));
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn a_processor_is_slow_when_its_cooling_is_on() {
        for (kind, state, slow) in [
            ("cpufreq-cpu0", "0", false),
            ("cpufreq-cpu0", "2", true),
            ("Processor", "1", true),
            ("pwm-fan", "3", false),
        ] {
            let sys = tempfile::tempdir().expect("folder");
            put(sys.path(), "cooling_device0/type", kind);
            put(sys.path(), "cooling_device0/cur_state", state);
            assert_eq!(slows_the_processor(sys.path()), slow, "{kind} {state}");
        }
    }
}
