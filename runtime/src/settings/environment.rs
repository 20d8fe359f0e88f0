//! The environment that the cluster's services run in.

use super::founding::Founding;
use super::identity::ClusterIdentity;
use os_config::Config;
use std::collections::BTreeMap;

/// The user's environment, and the proxy's variables. What stays inside the cluster never goes through a proxy.
pub fn environment(config: &Config, founded: Option<&Founding>) -> BTreeMap<String, String> {
    let cluster = founded.map_or_else(|| ClusterIdentity::of(config), |kept| kept.cluster.clone());
    let mut all: BTreeMap<String, String> = config
        .environment
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let proxy = &config.network.proxy;
    for (name, url) in [("HTTP_PROXY", &proxy.http), ("HTTPS_PROXY", &proxy.https)] {
        if let Some(url) = url {
            all.insert(name.into(), url.to_string());
        }
    }
    let is_proxy = |name: &String| {
        name.eq_ignore_ascii_case("http_proxy") || name.eq_ignore_ascii_case("https_proxy")
    };
    if all.keys().any(is_proxy) {
        let mut direct = proxy.no_proxy.clone();
        direct.extend(all.get("NO_PROXY").cloned());
        direct.extend([
            "localhost".into(),
            "127.0.0.0/8".into(),
            "::1".into(),
            "10.254.254.1".into(),
            cluster.pods.to_string(),
            cluster.services.to_string(),
            ".svc".into(),
            format!(".{}", cluster.domain),
        ]);
        direct.extend(config.kubernetes.node_address.map(|a| a.to_string()));
        all.insert("NO_PROXY".into(), direct.join(","));
    }
    all
}
