use super::times::times;
use super::{Seen, tell};
use std::fs;
use std::path::Path;

struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(path, text).expect("written");
    }

    fn says(&self) -> Vec<String> {
        Seen::default().what_is_wrong(self.root())
    }
}

#[test]
fn a_machine_that_measures_nothing_says_nothing() {
    assert!(Machine::new().says().is_empty());
}

#[test]
fn what_the_firmware_says_is_told() {
    const THROTTLED: &str = "sys/bus/platform/devices/raspberrypi-hwmon/throttled";
    const ALARM: &str = "sys/class/hwmon/hwmon1/in0_lcrit_alarm";
    for (case, files, expected) in [
        (
            "all is well",
            &[(THROTTLED, "0x0\n"), (ALARM, "0\n")][..],
            &[][..],
        ),
        (
            "now",
            &[(THROTTLED, "0x50005")],
            &["too little voltage now", "slows its processor"],
        ),
        (
            "before",
            &[(THROTTLED, "0x10000")],
            &["gave too little voltage:"],
        ),
        (
            "slowed by heat",
            &[(THROTTLED, "0x80008")],
            &["slows its processor"],
        ),
        (
            "a kernel with a driver",
            &[(ALARM, "1")],
            &["too little voltage now"],
        ),
        (
            "its log",
            &[(
                "dev/kmsg",
                "2,9,9,-;raspberrypi-hwmon raspberrypi-hwmon: Undervoltage detected!\n",
            )],
            &["gave too little voltage, once since the start"],
        ),
        ("no number", &[(THROTTLED, "?")], &[]),
    ] {
        let machine = Machine::new();
        machine.put("sys/class/hwmon/hwmon0/name", "cpu_thermal\n");
        machine.put("sys/class/hwmon/hwmon1/name", "rpi_volt\n");
        files
            .iter()
            .for_each(|(path, text)| machine.put(path, text));
        let says = machine.says();
        assert_eq!(says.len(), expected.len(), "{case}: {says:?}");
        let told = says.iter().zip(expected);
        told.for_each(|(note, part)| assert!(note.contains(part), "{case}: {note}"));
    }
}

#[test]
fn firmware_that_is_too_old_is_told_with_both_days() {
    const TREE: &str = "sys/firmware/devicetree/base";
    let wanted = 1_599_091_200_u32;
    let known = format!(r#"[{{"compatible":"brcm,bcm2711","firmware_from_s":{wanted}}}]"#);
    for (case, compatible, built, told) in [
        ("old", "brcm,bcm2711\0", Some(wanted - 1), true),
        ("of that day", "brcm,bcm2711\0", Some(wanted), false),
        ("it does not say", "brcm,bcm2711\0", None, false),
        ("another machine", "brcm,bcm2837\0", Some(1), false),
    ] {
        let machine = Machine::new();
        machine.put("usr/lib/holdfast/machines.json", &known);
        machine.put(&format!("{TREE}/compatible"), compatible);
        machine.put(&format!("{TREE}/chosen/bootloader/x"), "");
        if let Some(built) = built {
            let path = format!("{TREE}/chosen/bootloader/build-timestamp");
            fs::write(machine.root().join(path), built.to_be_bytes()).expect("written");
        }
        let says = machine.says();
        assert_eq!(!says.is_empty(), told, "{case}: {says:?}");
        let days = "is of 2020-09-02, and this release wants 2020-09-03 or newer";
        assert!(says.iter().all(|note| note.contains(days)), "{says:?}");
    }
}

#[test]
fn heat_is_told_near_the_end_and_until_it_is_cooler() {
    let machine = Machine::new();
    let zone = |file: &str| format!("sys/class/thermal/thermal_zone0/{file}");
    machine.put(&zone("type"), "cpu-thermal\n");
    for (trip, kind, at) in [
        (0, "passive", "60000"),
        (1, "critical", "90000"),
        (2, "critical", "0"),
    ] {
        machine.put(&zone(&format!("trip_point_{trip}_type")), kind);
        machine.put(&zone(&format!("trip_point_{trip}_temp")), at);
    }
    let mut seen = Seen::default();
    for (temp, hot) in [
        (79_999, false),
        (80_000, true),
        (75_000, true),
        (74_999, false),
        (79_000, false),
    ] {
        machine.put(&zone("temp"), &format!("{temp}\n"));
        let notes = seen.what_is_wrong(machine.root());
        assert_eq!(!notes.is_empty(), hot, "{temp}: {notes:?}");
        let whole = "the machine is hotter than 75 °C (sensor cpu-thermal) and switches off at 90 °C: it needs air or a heat sink";
        assert!(notes.iter().all(|note| note == whole), "{notes:?}");
    }
    machine.put("sys/class/thermal/cooling_device0/type", "cpufreq-cpu0\n");
    machine.put("sys/class/thermal/cooling_device0/cur_state", "2\n");
    assert_eq!(
        seen.what_is_wrong(machine.root()),
        ["the processor is slowed down because of heat"]
    );
}

#[test]
fn a_disk_is_told_before_it_dies() {
    for (case, files, expected) in [
        ("an SD card", &[][..], None),
        (
            "young",
            &[("life_time", "0x01 0x08"), ("pre_eol_info", "0x01")],
            None,
        ),
        (
            "not defined",
            &[("life_time", "0x00 0x00"), ("pre_eol_info", "0x00")],
            None,
        ),
        (
            "old",
            &[("life_time", "0x02 0x09"), ("pre_eol_info", "0x01")],
            Some("80 % of its life"),
        ),
        (
            "worn out",
            &[("life_time", "0x0b 0x01"), ("pre_eol_info", "0x02")],
            Some("is worn out"),
        ),
        (
            "few spares",
            &[("pre_eol_info", "0x02")],
            Some("80 % of its spare blocks"),
        ),
        (
            "none",
            &[("pre_eol_info", "0x03")],
            Some("no spare blocks left"),
        ),
    ] {
        let machine = Machine::new();
        machine.put("sys/block/mmcblk0/size", "1\n");
        machine.put("sys/block/mmcblk0boot0/device/life_time", "0x0b 0x0b\n");
        for (file, text) in files {
            machine.put(
                &format!("sys/block/mmcblk0/device/{file}"),
                &format!("{text}\n"),
            );
        }
        let says = machine.says();
        assert_eq!(
            says.len(),
            usize::from(expected.is_some()),
            "{case}: {says:?}"
        );
        assert!(
            says.iter()
                .all(|note| note.contains(expected.unwrap_or_default())),
            "{says:?}"
        );
    }
}

#[test]
fn errors_are_counted_by_disk() {
    let machine = Machine::new();
    let line =
        |disk: &str| format!("3,1,2,-;I/O error, dev {disk}, sector 8 op 0x1:(WRITE) flags 0x0\n");
    let medium = "3,1,3,-;critical medium error, dev sda, sector 16 op 0x0:(READ)\n";
    machine.put(
        "dev/kmsg",
        &(line("mmcblk0").repeat(7) + medium + &line("fd0") + &line("sr0")),
    );
    assert_eq!(
        machine.says(),
        [
            "the disk mmcblk0 failed more than 5 times to read or write since the start: replace it soon",
            "the disk sda failed once to read or write since the start: replace it soon"
        ]
    );
}

#[test]
fn writes_that_take_long_are_told_when_they_do_so_often() {
    let machine = Machine::new();
    let mut seen = Seen::default();
    let mut notes = Vec::new();
    for look in 0..=5_u64 {
        let (writes, took) = (look * 10, look * 10 * 1500);
        let rows = ["mmcblk0", "mmcblk0p5", "dm-0"]
            .map(|name| format!(" 179 0 {name} 5 0 40 3 {writes} 0 800 {took} 0 9 9\n"));
        machine.put("proc/diskstats", &rows.concat());
        assert!(notes.is_empty(), "{look}: {notes:?}");
        notes = seen.what_is_wrong(machine.root());
    }
    assert_eq!(
        notes,
        [
            "writes to the disk mmcblk0 took more than a second each, 5 times since the start: it may be failing"
        ]
    );
}

#[test]
fn a_count_is_told_in_steps() {
    for (count, expected) in [
        (1, "once"),
        (2, "2 times"),
        (4, "more than 2 times"),
        (5, "5 times"),
        (10, "10 times"),
        (19, "more than 10 times"),
        (999, "more than 500 times"),
    ] {
        assert_eq!(times(count), expected);
    }
}

#[test]
fn the_record_goes_when_all_is_well() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("hardware.txt");
    tell(&path, &["a".to_owned(), "b".to_owned()]).expect("written");
    assert_eq!(fs::read_to_string(&path).expect("there"), "a\nb\n");
    tell(&path, &[]).expect("removed");
    tell(&path, &[]).expect("nothing to remove");
    assert!(!path.exists());
}
