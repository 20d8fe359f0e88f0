//! Keys of k3OS and of its neighbours.

/// Where the keys of k3OS and of its neighbours live now.
pub(super) fn former_home(key: &str) -> Option<&'static str> {
    Some(match key {
        "k3os" => {
            "this is a k3OS configuration: `holdfast config migrate FILE`, on a workstation, turns it into one for Holdfast"
        }
        "init_cmd" => "the key is `init_commands` here",
        "boot_cmd" | "bootcmd" => "the key is `boot_commands` here",
        "run_cmd" | "runcmd" => "the key is `run_commands` here",
        "k3s_args" => {
            "flags of components are in `kubernetes.kubelet_args`, `kubernetes.api_server_args` and the like"
        }
        "dns_nameservers" | "nameservers" => "DNS servers are in `network.dns.nameservers`",
        "wifi" => "Wi-Fi is in `network.wifi`",
        "interfaces" => "interfaces are in `network.interfaces`",
        "ssh_keys" => "the key is `ssh_authorized_keys` here",
        "proxy" => "the proxy is in `network.proxy`",
        _ => return None,
    })
}
