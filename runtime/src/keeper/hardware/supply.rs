//! The power supply, as far as the machine measures it: a Raspberry Pi's firmware does.

use super::times::times;
use std::fs;
use std::path::Path;

/// What the firmware says, by our module `holdfast_supply`: Debian's kernel has no driver for this device of its own.
const THROTTLED: &str = "bus/platform/devices/raspberrypi-hwmon/throttled";
/// What a kernel with such a driver has; it tells of what was before in its log.
const SENSOR: &str = "rpi_volt";
const CURE: &str = "use the supply that belongs to the board, and a short cable";

/// What is wrong, of the machine whose `/sys` this is and whose kernel told of so many under-voltages.
pub(super) fn notes(sys: &Path, under_voltages: u64) -> Vec<String> {
    let told = throttled(sys).unwrap_or(0);
    let now = told & 1 != 0 || alarm(sys);
    let supply = match (now, under_voltages) {
        (true, _) => Some("gives too little voltage now".to_owned()),
        (false, 0) if told & 1 << 16 != 0 => Some("gave too little voltage".to_owned()),
        (false, 0) => None,
        (false, count) => Some(format!(
            "gave too little voltage, {} since the start",
            times(count)
        )),
    };
    let supply = supply.map(|how| format!("the power supply {how}: {CURE}"));
    // What heat does is told where heat is, if that is why.
    let slowed = (told & 0b1110 != 0).then(|| {
        "the board slows its processor down, for its supply or its heat: see to both".to_owned()
    });
    supply.into_iter().chain(slowed).collect()
}

fn throttled(sys: &Path) -> Option<u32> {
    let text = fs::read_to_string(sys.join(THROTTLED)).ok()?;
    let text = text.trim();
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

fn alarm(sys: &Path) -> bool {
    let sensors = fs::read_dir(sys.join("class/hwmon"));
    let mut sensors = sensors.into_iter().flatten().flatten().map(|at| at.path());
    sensors.any(|sensor| {
        let is = |file: &str, text: &str| {
            fs::read_to_string(sensor.join(file)).is_ok_and(|read| read.trim() == text)
        };
        is("name", SENSOR) && is("in0_lcrit_alarm", "1")
    })
}
