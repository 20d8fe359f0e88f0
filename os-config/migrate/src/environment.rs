//! `k3os.environment`: variables, of which those for a proxy and for joining have keys of their own.

use super::coerce::{at_commas, pairs, scalar};
use super::draft::{Draft, list, text};
use os_config::hide_credentials;
use os_config::tree::Node;

/// Variables that tell programs about a proxy.
fn proxy_key(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "http_proxy" => Some("http"),
        "https_proxy" => Some("https"),
        "no_proxy" => Some("no_proxy"),
        _ => None,
    }
}

/// Moves every variable.
pub(super) fn environment(draft: &mut Draft, value: &Node) {
    for (name, _, value) in pairs(value) {
        match proxy_key(&name) {
            Some("no_proxy") => {
                let direct = list(value.span, at_commas(&value));
                draft.put(&["network", "proxy", "no_proxy"], direct);
            }
            Some(key) => proxy(draft, key, &value),
            None if name == "K3S_URL" => draft.put(&["server_url"], value),
            None if ["K3S_TOKEN", "K3S_CLUSTER_SECRET"].contains(&name.as_str()) => {
                draft.put(&["token"], value);
            }
            None => draft.put(&["environment", &name], value),
        }
    }
}

fn proxy(draft: &mut Draft, key: &str, value: &Node) {
    match scalar(value) {
        Some("") => {}
        Some(address) if !address.contains("://") => {
            let full = format!("http://{address}");
            draft.changed(
                value.span,
                &format!("network.proxy.{key}"),
                format!("written as {}", hide_credentials(&full)),
            );
            draft.put(&["network", "proxy", key], text(value.span, full));
        }
        _ => draft.put(&["network", "proxy", key], value.clone()),
    }
}
