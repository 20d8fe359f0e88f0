//! Kubernetes and its components.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Checker;
use super::config::wrong_key;
use super::flags;
use super::interface::destination;
use super::network::address;
use crate::config::{AuditLevel, ComponentArgs, Components, FlagArgs, Kubernetes};
use crate::raw::{RawComponents, RawFlagArgs, RawKubernetes};
use crate::values::{DomainName, FlagName, NodeName, ServerAddress};

pub(super) fn components(raw: Option<&RawComponents>) -> Components {
    let on = |choose: fn(&RawComponents) -> Option<bool>| raw.and_then(choose).unwrap_or(true);
    Components {
        coredns: on(|raw| raw.coredns),
        metrics_server: on(|raw| raw.metrics_server),
        local_path_provisioner: on(|raw| raw.local_path_provisioner),
    }
}

pub(super) fn kubernetes(c: &mut Checker, raw: Option<&RawKubernetes>) -> Kubernetes {
    let default = Kubernetes::default();
    let Some(raw) = raw else {
        return default;
    };
    c.at("kubernetes", |c| {
        let pod_cidr = c.value("pod_cidr", raw.pod_cidr.as_deref(), destination);
        let service_cidr = c.value("service_cidr", raw.service_cidr.as_deref(), destination);
        let checked = Kubernetes {
            node_name: c.value("node_name", raw.node_name.as_deref(), NodeName::parse),
            node_address: c.value("node_address", raw.node_address.as_deref(), address),
            pod_cidr: pod_cidr.unwrap_or(default.pod_cidr),
            service_cidr: service_cidr.unwrap_or(default.service_cidr),
            cluster_domain: c
                .value(
                    "cluster_domain",
                    raw.cluster_domain.as_deref(),
                    DomainName::parse,
                )
                .unwrap_or(default.cluster_domain),
            tls_sans: c.texts("tls_sans", &raw.tls_sans, ServerAddress::parse),
            audit: match raw.audit.as_deref() {
                Some("off") => AuditLevel::Off,
                Some("request") => AuditLevel::Request,
                _ => AuditLevel::Metadata,
            },
            args: ComponentArgs {
                api_server: args(c, "api_server_args", &raw.api_server_args),
                controller_manager: args(
                    c,
                    "controller_manager_args",
                    &raw.controller_manager_args,
                ),
                scheduler: args(c, "scheduler_args", &raw.scheduler_args),
                kubelet: args(c, "kubelet_args", &raw.kubelet_args),
                kube_proxy: args(c, "kube_proxy_args", &raw.kube_proxy_args),
            },
        };
        addresses_fit(c, &checked, raw);
        checked
    })
}

fn args(c: &mut Checker, key: &str, raw: &RawFlagArgs) -> FlagArgs {
    c.at(key, |c| {
        raw.iter()
            .filter_map(|(name, values)| {
                c.at(name.as_str(), |c| {
                    let flag = wrong_key(c, FlagName::parse(name))?;
                    if flag.as_str() != name && raw.contains_key(flag.as_str()) {
                        c.refuse(
                            format!("`{flag}` stands here twice, with and without dashes"),
                            "keep one of the two; a flag that is repeated has a list of values",
                        );
                    }
                    if let Some(reason) = flags::refusal(key, flag.as_str()) {
                        c.refuse(format!("`{flag}` cannot be set here"), reason);
                    }
                    let values = values.0.iter().map(|value| value.0.clone()).collect();
                    Some((flag, values))
                })
            })
            .collect()
    })
}

fn addresses_fit(c: &mut Checker, kubernetes: &Kubernetes, raw: &RawKubernetes) {
    let (pods, services) = (kubernetes.pod_cidr, kubernetes.service_cidr);
    let blamed = if raw.service_cidr.is_some() {
        "service_cidr"
    } else {
        "pod_cidr"
    };
    if pods.addr().is_ipv4() != services.addr().is_ipv4() {
        c.at(blamed, |c| {
            c.wrong(
                format!("pods ({pods}) and services ({services}) are of different families"),
                "set both `pod_cidr` and `service_cidr` to IPv4, or both to IPv6",
            );
        });
    } else if overlap(pods, services) {
        c.at(blamed, |c| {
            c.wrong(
                format!("pods ({pods}) and services ({services}) overlap"),
                "take two networks that have no address in common",
            );
        });
    }
    let least = |net: IpNet| {
        if net.addr().is_ipv4() {
            (12, 24)
        } else {
            (108, 120)
        }
    };
    let (from, to) = least(services);
    if raw.service_cidr.is_some() && !(from..=to).contains(&services.prefix_len()) {
        c.at("service_cidr", |c| {
            c.wrong(
                format!("Kubernetes cannot use {services} for services"),
                format!("take a prefix length from {from} to {to}"),
            );
        });
    }
    let longest = if pods.addr().is_ipv4() { 24 } else { 64 };
    if raw.pod_cidr.is_some() && pods.prefix_len() > longest {
        c.at("pod_cidr", |c| {
            c.wrong(
                format!("{pods} is too small for the pods of a node"),
                format!(
                    "each node takes a /{longest} of it: take a prefix length of at most {longest}"
                ),
            );
        });
    }
    node_address_fits(c, kubernetes);
}

fn node_address_fits(c: &mut Checker, kubernetes: &Kubernetes) {
    let Some(address) = kubernetes.node_address else {
        return;
    };
    let inside = |net: IpNet| net.contains(&address);
    let useless = address.is_loopback() || address.is_multicast() || address.is_unspecified();
    let own = |address: &IpAddr| {
        inside(kubernetes.pod_cidr) || inside(kubernetes.service_cidr) || address.is_loopback()
    };
    if useless || own(&address) {
        c.at("node_address", |c| {
            c.wrong(
                format!("{address} cannot be a node's address"),
                "write an address of one of this machine's interfaces, outside pod_cidr and service_cidr",
            );
        });
    }
}

fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}
