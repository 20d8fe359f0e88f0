//! Name servers: the machine's, as pods and CoreDNS can use them.

use crate::Paths;
use crate::file::{self, FileError, PlannedFile};
use std::fs;
use std::net::IpAddr;

/// Copies the machine's name servers to where the kubelet and the keeper look; tells whether they changed.
///
/// The kubelet refuses to start pods without its file, and NetworkManager's own is missing until there is a network.
pub(crate) fn copy_name_servers(paths: &Paths) -> Result<bool, FileError> {
    let machine = fs::read_to_string(paths.at("/etc/resolv.conf")).unwrap_or_default();
    file::write_if_changed(&PlannedFile::new(
        paths.name_servers(),
        0o644,
        usable(&machine),
    ))
}

/// Without servers on the machine itself, which a pod would look for in itself.
fn usable(resolv: &str) -> String {
    let local = |line: &str| address(line).is_some_and(|address| address.is_loopback());
    resolv
        .lines()
        .filter(|line| !local(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The servers that `resolv` names, at most three, as resolvers take them.
pub(crate) fn servers(resolv: &str) -> Vec<IpAddr> {
    resolv.lines().filter_map(address).take(3).collect()
}

fn address(line: &str) -> Option<IpAddr> {
    let mut words = line.split_whitespace();
    (words.next()? == "nameserver")
        .then(|| words.next())??
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::{servers, usable};

    #[test]
    fn servers_that_pods_can_use() {
        for (case, resolv, expected) in [
            ("none", "", ""),
            (
                "two",
                "nameserver 1.1.1.1\nnameserver 2001:db8::1\n",
                "1.1.1.1 2001:db8::1",
            ),
            (
                "a local stub would be a loop",
                "nameserver 127.0.0.53\nnameserver 9.9.9.9\n",
                "9.9.9.9",
            ),
            (
                "comments and others",
                "# x\nsearch lan\nnameserver 9.9.9.9 # y\n",
                "9.9.9.9",
            ),
            (
                "nonsense",
                "nameserver\nnameserver x\nnameserver 9.9.9.9",
                "9.9.9.9",
            ),
        ] {
            let found: Vec<_> = servers(&usable(resolv))
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found.join(" "), expected, "{case}");
        }
        assert_eq!(usable("search lan\nnameserver ::1\n"), "search lan\n");
    }
}
