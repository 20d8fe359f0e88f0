//! Kubernetes and its components.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Checker;
use super::clash::overlap;
use super::{engine_flags, flag_values, flags};
use crate::config::{
    AuditLevel, ComponentArgs, Components, FlagArgs, Kubernetes, PodSecurity, Swap,
};
use crate::raw::{RawComponents, RawFlagArgs, RawKubernetes};
use crate::values::FlagName;

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
        let pod_cidr = c.value("pod_cidr", &raw.pod_cidr);
        let service_cidr = c.value("service_cidr", &raw.service_cidr);
        let checked = Kubernetes {
            node_name: c.value("node_name", &raw.node_name),
            node_address: c.value("node_address", &raw.node_address),
            pod_cidr: pod_cidr.unwrap_or(default.pod_cidr),
            service_cidr: service_cidr.unwrap_or(default.service_cidr),
            cluster_domain: c
                .value("cluster_domain", &raw.cluster_domain)
                .unwrap_or(default.cluster_domain),
            tls_sans: c.texts("tls_sans", &raw.tls_sans),
            audit: match raw.audit.as_deref() {
                Some("off") => AuditLevel::Off,
                Some("request") => AuditLevel::Request,
                _ => AuditLevel::Metadata,
            },
            pod_security: match raw.pod_security.as_deref() {
                Some("privileged") => PodSecurity::Privileged,
                Some("baseline") => PodSecurity::Baseline,
                Some("restricted") => PodSecurity::Restricted,
                _ => PodSecurity::Warn,
            },
            shutdown_seconds: shutdown_seconds(c, raw.shutdown_seconds)
                .unwrap_or(default.shutdown_seconds),
            swap: match raw.swap.as_deref() {
                Some("compressed") => Swap::Compressed,
                _ => Swap::None,
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

fn shutdown_seconds(c: &mut Checker, seconds: Option<u32>) -> Option<u32> {
    const MOST: u32 = 3600;
    let seconds = seconds?;
    if seconds > MOST {
        c.at("shutdown_seconds", |c| {
            c.wrong(
                format!("{seconds} seconds are too long for a shutdown"),
                format!("write 0 to {MOST}"),
            );
        });
        return None;
    }
    Some(seconds)
}

fn args(c: &mut Checker, key: &str, raw: &RawFlagArgs) -> FlagArgs {
    c.at(key, |c| {
        raw.iter()
            .filter_map(|(name, values)| {
                c.at(name.as_str(), |c| {
                    let flag = c.name::<FlagName>(name)?;
                    if flag.as_str() != name && raw.contains_key(flag.as_str()) {
                        c.refuse(
                            format!("`{flag}` is here twice, with and without dashes"),
                            "keep one of the two; a flag that is repeated has a list of values",
                        );
                    }
                    let values: Vec<String> =
                        values.0.iter().map(|value| value.0.clone()).collect();
                    flag_fits(c, key, flag.as_str(), &values);
                    Some((flag, values))
                })
            })
            .collect()
    })
}

fn flag_fits(c: &mut Checker, key: &str, flag: &str, values: &[String]) {
    if let Some(reason) = flags::refusal(key, flag) {
        c.refuse(format!("`{flag}` cannot be set here"), reason);
    } else if let Some(unknown) = engine_flags::unknown_flag(key, flag) {
        c.refuse(unknown.message, unknown.help);
    }
    let texts = values.iter().map(String::as_str);
    if let Some((value, help)) = flags::wrong_value(key, flag, texts) {
        c.refuse(format!("`{flag}` cannot be {value:?} here"), help);
    } else {
        for (index, value) in values.iter().enumerate() {
            if let Some(wrong) = flag_values::wrong(key, flag, value) {
                c.at(index, |c| c.invalid(wrong));
            }
        }
    }
    if flag == "feature-gates" {
        for (index, value) in values.iter().enumerate() {
            if let Some(wrong) = engine_flags::wrong_gates(value) {
                c.at(index, |c| c.invalid(wrong));
            }
        }
    }
}

fn addresses_fit(c: &mut Checker, kubernetes: &Kubernetes, raw: &RawKubernetes) {
    let (pods, services) = (kubernetes.pod_cidr, kubernetes.service_cidr);
    let blamed = if raw.service_cidr.is_some() {
        "service_cidr"
    } else {
        "pod_cidr"
    };
    if overlap(pods, services) {
        c.at(blamed, |c| {
            c.wrong(
                format!("pods ({pods}) and services ({services}) overlap"),
                "take two networks that have no address in common",
            );
        });
    }
    if raw.service_cidr.is_some() && !(12..=24).contains(&services.prefix_len()) {
        c.at("service_cidr", |c| {
            c.wrong(
                format!("Kubernetes cannot use {services} for services"),
                "take a prefix length from 12 to 24",
            );
        });
    }
    if raw.pod_cidr.is_some() && pods.prefix_len() > 24 {
        c.at("pod_cidr", |c| {
            c.wrong(
                format!("{pods} is too small for the pods of a node"),
                "each node takes a /24 of it: take a prefix length of at most 24",
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
