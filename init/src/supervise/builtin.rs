//! The services that PID 1 brings along. `services.json` may put others of the same names in their places.

mod limits;

use init_api::{Group, ReadyWhen, Service, ServiceName, Services, early};
use std::path::Path;

/// The services that come with init.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    /// What starts at once: devices and the message bus, which need no configuration.
    pub(crate) early: Services,
    /// What else may start before the configuration is read, when the boot before left it.
    pub(crate) known: Vec<Service>,
    /// All of them: network, time and ssh read what `node configure` writes.
    pub(crate) all: Services,
}

impl BuiltIn {
    /// Those of the image.
    pub(crate) fn of_the_image() -> Self {
        let early = vec![
            udevd(),
            udev_adapters(),
            udev_network(),
            udev_sticks(),
            udev_scsi(),
            dbus(),
        ];
        let later = [network(), time(), ssh(), udev_trigger()];
        Self {
            all: set(early.iter().cloned().chain(later).collect()),
            early: set(early),
            known: vec![early::containerd()],
        }
    }

    /// The early ones, and what the last configuration left in the file `left` for the beginning of this boot, as far as it is
    /// known here ([`early::as_known`]). When this boot's configuration describes such a service alike, it runs on; otherwise it is
    /// started anew or stopped.
    pub(crate) fn early_with(&self, left: &Path) -> Services {
        // None, or another version's: everything starts when it is configured.
        let left = init_api::load::<Services>(left).unwrap_or_default();
        let known = left.into_vec().into_iter();
        let known = known.filter_map(|left| early::as_known(left, &self.known));
        Services::new(known.collect())
            .and_then(|known| self.early.clone().overlaid(known))
            .unwrap_or_else(|_| self.early.clone())
    }
}

fn set(services: Vec<Service>) -> Services {
    let kept = services.into_iter().map(|service| Service {
        in_maintenance: true,
        ..service
    });
    Services::new(kept.collect()).expect("the built-in services fit together")
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("built-in names are valid")
}

fn udevd() -> Service {
    let path = "/run/udev/control".into();
    let service = Service::daemon(name("udevd"), ["/usr/lib/systemd/systemd-udevd"])
        .ready(ReadyWhen::PathExists { path })
        .confined(limits::udevd());
    Service {
        group: in_background(),
        ..service
    }
}

/// The other devices that a node uses. What is not listed (memory, processors, consoles) works without udev, and walking
/// it takes longer than the whole rest of the boot.
const SUBSYSTEMS: [&str; 24] = [
    "pci",
    "usb",
    "sdio",
    "mmc",
    "net",
    "block",
    "scsi",
    "nvme",
    "hid",
    "input",
    "serio",
    "acpi",
    "platform",
    "pnp",
    "i2c",
    "drm",
    "graphics",
    "hwmon",
    "thermal",
    "tpm",
    "rtc",
    "ieee80211",
    "rfkill",
    "watchdog",
];

/// Has udevd look anew at devices of which it was not told, each as `matches` says (udevadm(8)).
fn trigger(service: &str, matches: impl IntoIterator<Item = String>) -> Service {
    let command = ["/usr/bin/udevadm", "trigger", "--action=add"]
        .into_iter()
        .map(str::to_owned)
        .chain(matches);
    Service::one_shot(name(service), command)
        .after([name("udevd")])
        .confined(limits::trigger())
}

/// All devices of these subsystems.
fn of<'a>(subsystems: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = String> {
    let all = subsystems.into_iter();
    all.map(|subsystem| format!("--subsystem-match={subsystem}"))
}

/// Network adapters by their class on the bus: a node waits for its address.
fn udev_adapters() -> Service {
    let class = "--attr-match=class=0x02*".to_owned();
    trigger("udev-adapters", of(["pci"]).chain([class]))
}

/// Network adapters of virtual machines and on SD buses, and those that are there already.
fn udev_network() -> Service {
    trigger("udev-network", of(["virtio", "sdio", "net"]))
}

/// Sticks that the kernel found when the initramfs listened no longer and udevd did not yet: the configuration looks for them.
fn udev_sticks() -> Service {
    let class = "--attr-match=bInterfaceClass=08".to_owned();
    trigger("udev-sticks", of(["usb"]).chain([class]))
}

/// The same for the disks of sticks whose interface has its driver already.
fn udev_scsi() -> Service {
    trigger("udev-scsi", of(["scsi"]))
}

/// Behind everything that a node waits for.
fn udev_trigger() -> Service {
    Service {
        group: in_background(),
        ..trigger("udev-trigger", of(SUBSYSTEMS)).after([name("network")])
    }
}

/// Devices matter less than what waits for a processor to become Ready.
fn in_background() -> Group {
    Group {
        cpu_weight: Some(30),
        ..Group::default()
    }
}

fn dbus() -> Service {
    let command = [
        "/usr/bin/dbus-daemon",
        "--system",
        "--nofork",
        "--nopidfile",
        "--nosyslog",
    ];
    let path = "/run/dbus/system_bus_socket".into();
    let service = Service::daemon(name("dbus"), command)
        .ready(ReadyWhen::SocketListens { path })
        .confined(limits::dbus());
    // What it would raise the limit to by itself, if it might.
    Service {
        open_files: Some(65_536),
        ..service
    }
}

fn network() -> Service {
    Service::daemon(name("network"), ["/usr/sbin/NetworkManager", "--no-daemon"])
        .after([name("dbus"), name("udevd")])
        .confined(limits::network())
}

fn time() -> Service {
    // Its own filter of system calls (`-F`) knows what each of its parts needs, and ends it at any other call. `-d` leaves it in the
    // foreground, as `-n` does, and sends what it says here instead of to a syslog, which nobody has.
    Service::daemon(name("time"), ["/usr/sbin/chronyd", "-d", "-F", "1"]).confined(limits::time())
}

fn ssh() -> Service {
    let service =
        Service::daemon(name("ssh"), ["/usr/sbin/sshd", "-D", "-e"]).unconfined(limits::SSH);
    // The way in must outlive a shortage of memory.
    Service {
        group: Group {
            oom_score_adj: Some(-900),
            ..Group::default()
        },
        ..service
    }
}

#[cfg(test)]
mod tests {
    use super::BuiltIn;
    use init_api::{Rights, Service, ServiceName, Services, early};
    use std::path::Path;

    #[test]
    fn the_built_in_names_are_those_that_others_may_refer_to() {
        let built_in = BuiltIn::of_the_image();
        let names: Vec<_> = built_in.all.iter().map(|s| s.name.to_string()).collect();
        assert_eq!(names, Services::BUILT_IN);
        let said = |service: &Service| service.rights != Rights::default();
        assert!(built_in.all.iter().all(said), "rights without a reason");
        let early = built_in.early_with(Path::new("/nothing"));
        assert!(early.iter().all(|s| s.in_maintenance));
    }

    #[test]
    fn what_the_last_boot_left_starts_early_unless_it_cannot_be_read() {
        let folder = tempfile::tempdir().expect("temp folder");
        let left = folder.path().join("early-services.json");
        let containerd = early::containerd();
        let name = containerd.name.clone();
        let evil = ServiceName::new("evil").expect("name");
        let evil = Service::daemon(evil, ["/var/evil"]);
        let services = Services::new(vec![containerd.clone(), evil]).expect("valid");
        init_api::store(&left, &services).expect("stored");
        let built_in = BuiltIn::of_the_image();
        let with = built_in.early_with(&left);
        assert_eq!(with.iter().find(|s| s.name == name), Some(&containerd));
        std::fs::write(
            &left,
            r#"{"services":[{"name":"containerd","of":"tomorrow"}]}"#,
        )
        .expect("written");
        let without = built_in.early_with(&left);
        assert_eq!(without, built_in.early_with(Path::new("/nothing")));
        assert_eq!(with.iter().count(), without.iter().count() + 1);
    }
}
