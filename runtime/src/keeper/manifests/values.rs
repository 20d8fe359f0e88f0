//! What packaged manifests leave open: names, addresses and certificates of this cluster.

use crate::name_servers::servers;
use crate::pki::Issued;
use crate::{Paths, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// What stands for `{{ name }}`.
pub(super) fn values(settings: &Settings, paths: &Paths) -> BTreeMap<&'static str, String> {
    let encode = |path: PathBuf| STANDARD.encode(fs::read(path).unwrap_or_default());
    let metrics =
        Issued::split(&fs::read_to_string(paths.leaf("metrics-server")).unwrap_or_default());
    let resolv = fs::read_to_string(paths.name_servers()).unwrap_or_default();
    BTreeMap::from([
        ("system_image", settings.system_image()),
        ("domain", settings.cluster.domain.to_string()),
        ("dns_address", settings.cluster.dns_address().to_string()),
        ("forward", forward(&resolv)),
        ("ca_bundle", encode(paths.trust("ca.crt"))),
        ("metrics_certificate", STANDARD.encode(metrics.certificate)),
        ("metrics_key", STANDARD.encode(metrics.key)),
    ])
}

/// Where CoreDNS asks for names outside the cluster: the machine's own servers. Without any, a port where nobody answers:
/// such names fail at once, and CoreDNS starts, which it would not without a server.
fn forward(resolv: &str) -> String {
    let servers: Vec<String> = servers(resolv).iter().map(ToString::to_string).collect();
    if servers.is_empty() {
        "forward . 127.0.0.1:1 {\n          max_fails 0\n        }".into()
    } else {
        format!("forward . {}", servers.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::forward;

    #[test]
    fn upstream_names() {
        assert_eq!(
            forward("nameserver 1.1.1.1\nnameserver 2001:db8::1\n"),
            "forward . 1.1.1.1 2001:db8::1"
        );
        assert!(forward("").starts_with("forward . 127.0.0.1:1 {"));
    }
}
