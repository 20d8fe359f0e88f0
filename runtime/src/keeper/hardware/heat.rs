//! Heat: how near to switching off by itself the machine is, and whether it is slower for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// So much below where the machine switches off a person should know, in thousandths of a degree.
const NEAR: i64 = 10_000;
/// And so much cooler it has to be until that is over.
const COOLER: i64 = 5000;
/// Firmware writes nonsense into what it does not use.
const POSSIBLE: std::ops::Range<i64> = 50_000..150_000;

/// Sensors that were hot at the last look.
#[derive(Debug, Default)]
pub(super) struct Heat {
    hot: BTreeSet<PathBuf>,
}

impl Heat {
    /// What is too hot, of the machine whose `/sys` this is.
    pub(super) fn notes(&mut self, sys: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        let mut hot = BTreeSet::new();
        for zone in members(sys, "thermal_zone") {
            let Some((now, end)) = number(&zone, "temp").zip(switches_off(&zone)) else {
                continue;
            };
            let limit = end - NEAR;
            let cooler = if self.hot.contains(&zone) { COOLER } else { 0 };
            if now >= limit - cooler {
                notes.push(format!(
                    "the machine is hotter than {} °C (sensor {}) and switches off at {} °C: it needs air or a heat sink",
                    (limit - COOLER) / 1000,
                    text(&zone, "type"),
                    end / 1000
                ));
                hot.insert(zone);
            }
        }
        self.hot = hot;
        let slowed = members(sys, "cooling_device").into_iter().any(|device| {
            let kind = text(&device, "type");
            let is_processor = kind.starts_with("cpufreq") || kind == "Processor";
            is_processor && number(&device, "cur_state").is_some_and(|state| state > 0)
        });
        if slowed {
            notes.push("the processor is slowed down because of heat".to_owned());
        }
        notes
    }
}

/// The lowest temperature at which the kernel switches the machine off.
fn switches_off(zone: &Path) -> Option<i64> {
    let trips = (0..).map_while(|trip| {
        let kind = fs::read_to_string(zone.join(format!("trip_point_{trip}_type"))).ok()?;
        Some((kind, number(zone, &format!("trip_point_{trip}_temp"))))
    });
    let critical = trips.filter(|(kind, _)| kind.trim() == "critical");
    let at = critical.filter_map(|(_, at)| at);
    at.filter(|at| POSSIBLE.contains(at)).min()
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
