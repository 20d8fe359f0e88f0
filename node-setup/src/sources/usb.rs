//! Whether the kernel has looked at all that is plugged into the USB ports: a stick that asks for something at a boot must not be
//! missed because the boot was faster.
//!
//! The kernel finds devices beside everything else: it lets a port settle, gives the device an address and a configuration, which
//! each port's `state` shows (`Documentation/ABI/testing/sysfs-bus-usb`, since 6.5), and waits a second before it looks for a
//! disk behind a mass storage interface (`usb-storage.delay_use`).

use init_api::Millis;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// From the drivers of the USB controllers on, a port needs so long until its `state` shows that something is in it.
const PORTS: Duration = Duration::from_secs(1);
/// A device that has not come further by then does not work.
const PATIENCE: Duration = Duration::from_secs(8);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// USB's class of mass storage.
const STORAGE: &str = "08";
/// States in which nothing more happens to a device by itself.
const SETTLED: [&str; 4] = ["not attached", "configured", "suspended", "unauthorized"];

/// Waits until it has, at most for [`PATIENCE`]. `drivers` says when those of the controllers were loaded.
pub(super) fn wait(sys: &Path, drivers: Option<Millis>) {
    let devices = sys.join("bus/usb/devices");
    if entries(&devices).is_empty() {
        return;
    }
    let now = Millis::since_kernel_start().map(Duration::from).ok();
    let since = drivers.zip(now);
    let since = since.map_or(PORTS, |(drivers, now)| now.saturating_sub(drivers.into()));
    thread::sleep(PORTS.saturating_sub(since));
    let began = Instant::now();
    while !is_settled(&devices) && began.elapsed() < PATIENCE {
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Whether nothing is under way on the devices of `/sys/bus/usb/devices`.
fn is_settled(devices: &Path) -> bool {
    let interfaces = entries(devices);
    let interfaces = interfaces.iter().filter(|path| name(path).contains(':'));
    interfaces.into_iter().all(|interface| {
        let ports = entries(interface);
        let mut ports = ports.iter().filter(|path| name(path).contains("-port"));
        let is_storage = line(&interface.join("bInterfaceClass")) == STORAGE;
        ports.all(|port| is_idle(port)) && (!is_storage || has_disk(interface))
    })
}

/// A kernel that does not tell is not waited for.
fn is_idle(port: &Path) -> bool {
    let state = line(&port.join("state"));
    state.is_empty() || SETTLED.contains(&&*state)
}

/// `host6/target6:0:0/6:0:0:0/block` below it.
fn has_disk(interface: &Path) -> bool {
    let below = |path: &PathBuf, prefix: &str| -> Vec<PathBuf> {
        let mut all = entries(path);
        all.retain(|path| name(path).starts_with(prefix));
        all
    };
    below(&interface.to_owned(), "host")
        .iter()
        .flat_map(|host| below(host, "target"))
        .flat_map(|target| entries(&target))
        .any(|unit| unit.join("block").is_dir())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn line(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_settled;
    use std::fs;

    #[test]
    fn a_device_that_is_on_its_way_is_waited_for() {
        let disk = "2-1:1.0/host6/target6:0:0/6:0:0:0/block/sda/size";
        let hub = "usb2/2-0:1.0/bInterfaceClass";
        for (case, files, expected) in [
            ("no USB", vec![], true),
            ("a hub alone", vec![(hub, "09")], true),
            (
                "an empty port",
                vec![("2-0:1.0/usb2-port1/state", "not attached\n")],
                true,
            ),
            (
                "a device without its address",
                vec![("2-0:1.0/usb2-port1/state", "default\n")],
                false,
            ),
            (
                "a keyboard",
                vec![
                    ("2-0:1.0/usb2-port1/state", "configured\n"),
                    ("2-1:1.0/bInterfaceClass", "03\n"),
                ],
                true,
            ),
            (
                "a stick whose disk is not there yet",
                vec![
                    ("2-0:1.0/usb2-port1/state", "configured\n"),
                    ("2-1:1.0/bInterfaceClass", "08\n"),
                    ("2-1:1.0/host6/target6:0:0/uevent", ""),
                ],
                false,
            ),
            (
                "a stick",
                vec![
                    ("2-0:1.0/usb2-port1/state", "configured\n"),
                    ("2-1:1.0/bInterfaceClass", "08\n"),
                    (disk, "100\n"),
                ],
                true,
            ),
            (
                "behind a hub",
                vec![("2-1:1.0/2-1-port3/state", "addressed\n")],
                false,
            ),
            (
                "a kernel that does not tell",
                vec![("2-0:1.0/usb2-port1/connect_type", "hotplug\n")],
                true,
            ),
        ] {
            let devices = tempfile::tempdir().expect("folder");
            for (path, text) in files {
                let path = devices.path().join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, text).expect("written");
            }
            assert_eq!(is_settled(devices.path()), expected, "{case}");
        }
    }
}
