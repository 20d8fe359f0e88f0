//! Who gets which certificate, as data.

use crate::{Role, Settings};
use std::net::IpAddr;

/// The authority that signs a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The cluster's.
    Cluster,
    /// The one for requests that the API server passes on in someone's name.
    FrontProxy,
}

/// What a leaf is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// To be recognised by a server.
    Client,
    /// To be recognised by clients.
    Server,
}

/// One leaf certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// File name without extension.
    pub name: &'static str,
    /// Who signs.
    pub signer: Signer,
    /// What for.
    pub usage: Usage,
    /// Common name: the user, for a client.
    pub common_name: String,
    /// Organisation: the user's group, for a client.
    pub group: Option<String>,
    /// DNS names and addresses, for a server.
    pub names: Vec<String>,
}

/// The group of those who get a kubeconfig for another machine, unless another one is asked for. A binding, which can be taken
/// away, makes them administrators.
pub const ADMINISTRATORS: &str = "holdfast:administrators";
/// Who asks kubelets in the API server's name.
pub(crate) const KUBELET_CLIENT: &str = "kube-apiserver-kubelet-client";
/// The node's own administrator, for when nothing else helps: no binding makes him one, so none can be taken away. His leaf and
/// kubeconfig never leave the node's memory by themselves.
pub const ADMIN: &str = "admin";
/// The keeper's leaf.
pub const KEEPER: &str = "keeper";

/// Every leaf of a node, by its role.
pub fn leaves(settings: &Settings, address: IpAddr) -> Vec<Leaf> {
    match settings.role {
        Role::Server => {
            let mut all = server_leaves(settings, address);
            all.extend(node_leaves(settings, address));
            all
        }
    }
}

/// The leaves that every node has, whatever its role.
pub fn node_leaves(settings: &Settings, address: IpAddr) -> Vec<Leaf> {
    let node = settings.node.name.as_str();
    let node_names = vec![
        node.to_owned(),
        "localhost".into(),
        address.to_string(),
        "127.0.0.1".into(),
    ];
    vec![
        server("kubelet-server", node, node_names),
        client(
            "kubelet",
            &format!("system:node:{node}"),
            Some("system:nodes"),
        ),
        client("kube-proxy", "system:kube-proxy", None),
        client("flannel", "holdfast:flannel", None),
    ]
}

/// Those that only a server has.
fn server_leaves(settings: &Settings, address: IpAddr) -> Vec<Leaf> {
    let local = || vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    vec![
        server("apiserver", "kube-apiserver", settings.api_names(address)),
        server(
            "controller-manager-server",
            "kube-controller-manager",
            local(),
        ),
        server("scheduler-server", "kube-scheduler", local()),
        server(
            "metrics-server",
            "metrics-server",
            service_names("metrics-server", settings),
        ),
        client("apiserver-kubelet-client", KUBELET_CLIENT, None),
        Leaf {
            signer: Signer::FrontProxy,
            ..client("front-proxy-client", "front-proxy-client", None)
        },
        client("controller-manager", "system:kube-controller-manager", None),
        client("scheduler", "system:kube-scheduler", None),
        client(KEEPER, "holdfast:keeper", None),
        client(ADMIN, "holdfast:admin", Some("system:masters")),
    ]
}

/// The leaf of somebody at another machine.
pub fn user_leaf(user: &str, group: &str) -> Leaf {
    client("user", user, Some(group))
}

/// The names of a Service in `kube-system`.
fn service_names(service: &str, settings: &Settings) -> Vec<String> {
    let domain = &settings.cluster.domain;
    ["svc".to_owned(), format!("svc.{domain}")]
        .map(|end| format!("{service}.kube-system.{end}"))
        .to_vec()
}

fn server(name: &'static str, common_name: &str, names: Vec<String>) -> Leaf {
    Leaf {
        name,
        signer: Signer::Cluster,
        usage: Usage::Server,
        common_name: common_name.into(),
        group: None,
        names,
    }
}

fn client(name: &'static str, common_name: &str, group: Option<&str>) -> Leaf {
    Leaf {
        name,
        signer: Signer::Cluster,
        usage: Usage::Client,
        common_name: common_name.into(),
        group: group.map(str::to_owned),
        names: Vec::new(),
    }
}
