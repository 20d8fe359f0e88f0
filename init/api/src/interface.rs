//! Which network interfaces belong to pods rather than to the machine: one list, so that NetworkManager, the choice of the
//! node's address and the console agree.

/// What the names of such interfaces begin with: of flannel, of other network plugins that a user may install, of kube-proxy
/// and the DNS cache, and of the stand-in for a network.
pub const INSIDE: [&str; 13] = [
    "cni",
    "flannel",
    "veth",
    "cali",
    "vxlan.calico",
    "cilium",
    "lxc",
    "kube-",
    "nodelocaldns",
    "tunl",
    "wg-",
    "docker",
    STAND_IN,
];

/// The interface that stands in for a network on a machine that has none.
pub const STAND_IN: &str = "holdfast0";

/// Whether an interface of this name belongs to pods, or stands in for a network.
#[must_use]
pub fn is_inside(name: &str) -> bool {
    INSIDE.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn by_name() {
        for (name, expected) in [
            ("cni0", true),
            ("flannel.1", true),
            ("veth1f2e3d", true),
            ("cali12ab34", true),
            ("kube-ipvs0", true),
            ("holdfast0", true),
            ("enp1s0", false),
            ("eth0", false),
            ("wlan0", false),
            ("wg0", false),
            ("", false),
        ] {
            assert_eq!(is_inside(name), expected, "{name}");
        }
    }
}
