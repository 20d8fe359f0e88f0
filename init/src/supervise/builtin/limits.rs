//! What Debian's services may do here: each thing that is left to one, with its reason.

use init_api::{Calls, Confinement};

/// It acts on rules for devices that anybody plugs in.
pub(super) fn udevd() -> Confinement {
    Confinement::strict()
        .may(
            &["mknod", "chown", "fowner", "dac_override"],
            "makes device nodes and gives them their owners",
        )
        .may(&["net_admin"], "names network adapters")
        .may(&["sys_module"], "loads drivers")
        .may(&["sys_rawio", "sys_admin"], "asks disks for their names")
        .may(
            &["sys_resource"],
            "sets how much memory pressure ends its helpers",
        )
        .calls(&[Calls::Modules], "loads drivers")
        .sees("/dev", "makes device nodes")
        .sees(
            "/run/holdfast",
            "a stick that comes or goes restarts the service `stick`",
        )
        .writes("/dev", "makes device nodes")
        .writes("/sys", "settings of devices")
        .writes("/run/udev", "its socket and what it knows of devices")
}

/// `udevadm trigger`: writes to the files of devices.
pub(super) fn trigger() -> Confinement {
    Confinement::strict().writes("/sys", "asks the kernel to tell of devices anew")
}

/// It starts wpa_supplicant, which reads what any radio nearby sends, and NetworkManager's dispatcher; both in the same limits.
pub(super) fn dbus() -> Confinement {
    let supplicant = "wpa_supplicant, which it starts";
    Confinement::strict()
        .may(&["setuid", "setgid"], "becomes the user messagebus")
        .may(&["audit_write"], "notes what it refuses")
        .may(&["net_admin", "net_raw"], supplicant)
        .gains_rights("its helper (setuid) starts wpa_supplicant as root")
        .writes("/run/dbus", "its socket")
        .writes("/run/wpa_supplicant", supplicant)
}

/// It reads answers of DHCP servers, routers' advertisements and names of radio networks.
pub(super) fn network() -> Confinement {
    let links = "sets up adapters, addresses and routes";
    let probes =
        "asks whether an address is taken; the kernel picks the answers by a small program";
    Confinement::strict()
        .may(&["net_admin"], links)
        .may(&["net_raw", "net_bind_service"], "speaks DHCP")
        .may(&["bpf"], probes)
        .calls(&[Calls::Programs], probes)
        .sees(
            "/etc/NetworkManager",
            "its profiles, with the passwords of radio networks",
        )
        .writes(
            "/etc/NetworkManager/system-connections",
            "profiles that somebody adds by nmcli, until the next boot",
        )
        .writes(
            "/run/NetworkManager",
            "its state, and the name servers that it was told of",
        )
        .writes(
            "/var/lib/NetworkManager",
            "leases, and a key for addresses that stay alike",
        )
        .writes(
            "/proc/sys/net",
            "settings of adapters, such as router advertisements",
        )
        .writes("/sys/devices/virtual/net", "settings of bridges and bonds")
}

/// It reads answers of time servers. It keeps a filter of its own over ours, and gives root up.
pub(super) fn time() -> Confinement {
    let user = "becomes the user _chrony";
    let folders = "opens its files in folders of the user _chrony";
    Confinement::strict()
        .may(&["sys_time"], "sets the clock")
        .may(&["setuid", "setgid"], user)
        .may(
            &["net_bind_service"],
            "keeps it as it becomes _chrony, and ends without",
        )
        .may(&["dac_override", "chown"], folders)
        .calls(&[Calls::Clock], "sets the clock")
        .writes("/run/chrony", "its socket")
        .writes("/var/lib/chrony", "how fast the clock runs")
}

/// Why sshd has all rights.
pub(super) const SSH: &str = "who logs in is root on the node and has what sshd has; sshd itself confines its half that speaks \
     with strangers (a user without rights, an empty root, a filter of system calls)";
