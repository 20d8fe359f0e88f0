//! Pods that want more connections than they may have. The packet filter keeps their addresses for two minutes; it is asked only while
//! there are as many connections as one pod may have.

use super::count::Pod;
use crate::Paths;
use crate::pods_connections::{CONNECTIONS, FIREWALL_TABLE, PODS_PART, PODS_REFUSED};
use k8s_openapi::api::core::v1;
use kube::api::{Api, ListParams};
use kube::{Client, Error};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::time::Duration;
use tracing::debug;

/// How many there are now.
const NOW: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
/// How long `nft` has for its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pods that come in one answer: so many are in memory at a time.
const AT_ONCE: u32 = 20;

/// Whether some pod may have as many as it may have.
pub(super) fn are_many(paths: &Paths) -> bool {
    let number = |path: &str| -> Option<u32> {
        let text = fs::read_to_string(paths.at(path)).ok()?;
        text.trim().parse().ok()
    };
    let most = number(&format!("/proc/sys/{}", CONNECTIONS.replace('.', "/")));
    match (number(NOW), most) {
        (Some(now), Some(most)) => now >= most / PODS_PART,
        _ => false,
    }
}

/// The addresses whose new connections were dropped; none where the packet filter is off, or does not answer.
pub(super) async fn refused() -> BTreeSet<IpAddr> {
    let list = || {
        host::Command::new("nft")
            .args(["-j", "list", "set"])
            .args(FIREWALL_TABLE)
            .arg(PODS_REFUSED)
            .within(PATIENCE)
            .run()
    };
    match tokio::task::spawn_blocking(list).await {
        Ok(Ok(output)) => addresses(&output.stdout),
        Ok(Err(error)) => {
            debug!("whose connections are dropped is not known: {error}");
            BTreeSet::new()
        }
        Err(_) => BTreeSet::new(),
    }
}

/// What `nft -j` says, as far as it matters here (libnftables-json(5)).
#[derive(Debug, Deserialize)]
struct Listed {
    nftables: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    set: Option<Set>,
}

#[derive(Debug, Deserialize)]
struct Set {
    #[serde(default)]
    elem: Vec<Element>,
}

/// One with a time to live is wrapped.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Element {
    Wrapped { elem: Value },
    Plain(IpAddr),
}

#[derive(Debug, Deserialize)]
struct Value {
    val: IpAddr,
}

fn addresses(json: &[u8]) -> BTreeSet<IpAddr> {
    let listed: Listed = match serde_json::from_slice(json) {
        Ok(listed) => listed,
        Err(error) => {
            debug!("what nft says is not understood: {error}");
            return BTreeSet::new();
        }
    };
    let sets = listed.nftables.into_iter().filter_map(|item| item.set);
    let elements = sets.flat_map(|set| set.elem);
    elements
        .map(|element| match element {
            Element::Wrapped { elem } => elem.val,
            Element::Plain(address) => address,
        })
        .collect()
}

/// The pods of this node that have these addresses.
///
/// # Errors
/// The API does not say.
pub(super) async fn whose(
    client: &Client,
    node: &str,
    addresses: &BTreeSet<IpAddr>,
) -> Result<Vec<Pod>, Error> {
    let pods: Api<v1::Pod> = Api::all(client.clone());
    let mut page = ListParams::default()
        .fields(&format!("spec.nodeName={node}"))
        .limit(AT_ONCE);
    let mut found = Vec::new();
    loop {
        let list = pods.list(&page).await?;
        let theirs = list.items.iter().filter(|pod| has_one_of(pod, addresses));
        found.extend(theirs.filter_map(Pod::of));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(found),
        }
    }
}

/// A pod that has ended has given its addresses back, though its status still shows them.
fn has_one_of(pod: &v1::Pod, addresses: &BTreeSet<IpAddr>) -> bool {
    let Some(status) = &pod.status else {
        return false;
    };
    let has_ended = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let mut all = status.pod_ips.iter().flatten();
    !has_ended
        && all.any(|one| {
            let address: Option<IpAddr> = one.ip.parse().ok();
            address.is_some_and(|address| addresses.contains(&address))
        })
}

#[cfg(test)]
mod tests {
    use super::{addresses, are_many, has_one_of};
    use crate::Paths;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;
    use std::fs;

    #[test]
    fn it_is_asked_only_when_one_pod_can_be_at_its_end() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        assert!(!are_many(&paths), "nothing is counted");
        let folder = paths.at("/proc/sys/net/netfilter");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("nf_conntrack_max"), "131072\n").expect("written");
        for (count, many) in [("4095\n", false), ("4096\n", true)] {
            fs::write(folder.join("nf_conntrack_count"), count).expect("written");
            assert_eq!(are_many(&paths), many, "{count}");
        }
    }

    #[test]
    fn whose_were_dropped() {
        let said = json!({"nftables": [
            {"metainfo": {"version": "1.1.3"}},
            {"set": {"name": "pods_refused", "type": "ipv4_addr", "flags": ["timeout"], "elem": [
                {"elem": {"val": "10.42.0.2", "expires": 119}}, "10.42.0.9",
            ]}},
        ]});
        let refused = addresses(said.to_string().as_bytes());
        let texts: Vec<String> = refused.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.42.0.2", "10.42.0.9"]);
        assert!(addresses(br#"{"nftables": [{"set": {"name": "empty"}}]}"#).is_empty());
        assert!(addresses(b"Error: No such file").is_empty());
        for (phase, address, theirs) in [
            ("Running", "10.42.0.2", true),
            ("Running", "10.42.0.3", false),
            ("Succeeded", "10.42.0.2", false),
        ] {
            let pod: Pod = serde_json::from_value(
                json!({"metadata": {}, "status": {"phase": phase, "podIPs": [{"ip": address}]}}),
            )
            .expect("a pod");
            assert_eq!(has_one_of(&pod, &refused), theirs, "{phase} {address}");
        }
    }
}
