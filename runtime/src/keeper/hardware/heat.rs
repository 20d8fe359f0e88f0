//! Heat: how near to switching off by itself the machine is, and whether it is slower for it.

use host::heat::{sensors, slows_the_processor};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// So much below where the machine switches off a person should know, in thousandths of a degree.
const NEAR: i64 = 10_000;
/// And so much cooler it has to be until that is over.
const COOLER: i64 = 5000;

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
        for sensor in sensors(sys) {
            let Some(end) = sensor.switches_off else {
                continue;
            };
            let limit = end - NEAR;
            let cooler = if self.hot.contains(&sensor.zone) {
                COOLER
            } else {
                0
            };
            if sensor.now >= limit - cooler {
                notes.push(format!(
                    "the machine is hotter than {} °C (sensor {}) and switches off at {} °C: it needs air or a heat sink",
                    (limit - COOLER) / 1000,
                    sensor.name,
                    end / 1000
                ));
                hot.insert(sensor.zone);
            }
        }
        self.hot = hot;
        if slows_the_processor(sys) {
            notes.push("the processor is slowed down because of heat".to_owned());
        }
        notes
    }
}
