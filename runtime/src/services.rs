//! The services that PID 1 runs for the cluster.

use crate::{Paths, Settings, plan, shutdown};
use init_api::paths::{self, HOLDFAST};
use init_api::{Confinement, Group, Millis, ReadyWhen, Service, ServiceName, Services, early};

/// In each service's environment: PID 1 starts a service anew when its description changes, so this changes with whatever
/// the service has read.
const MEANS: &str = "HOLDFAST_SETTINGS";

/// The container runtime's service.
pub const CONTAINERD: &str = "containerd";
/// The one-shot that writes what Kubernetes needs.
pub const PREPARE: &str = "cluster-prepare";
/// The one-shot that loads the image of pod sandboxes and system workloads.
pub const SYSTEM_IMAGE: &str = "system-image";
/// The datastore, the API server, and what acts on it for the cluster.
pub const CONTROL_PLANE: &str = "control-plane";
/// The kubelet, and what else acts on the API for this node.
pub const KUBELET: &str = "kubelet";
/// The keeper.
pub const KEEPER: &str = "keeper";

/// The cluster's services, in the order in which they start.
pub fn services(settings: &Settings) -> Vec<Service> {
    let means = plan::fingerprints(settings);
    let all = [
        early::containerd().env(MEANS, means.containerd),
        system_image(),
        prepare().env(MEANS, means.kubernetes.clone()),
        control_plane().env(MEANS, means.kubernetes.clone()),
        keeper(settings).env(MEANS, means.keeper),
        kubelet().env(MEANS, means.kubernetes),
    ];
    let with_environment = |mut service: Service| {
        service.env.extend(settings.environment.clone());
        service
    };
    all.into_iter().map(with_environment).collect()
}

/// Those of them that the next boot may start before it reads its configuration.
pub fn early(services: &Services) -> Services {
    let early = services
        .iter()
        .filter(|service| service.name.as_str() == CONTAINERD);
    Services::new(early.cloned().collect()).unwrap_or_default()
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("our names follow the rule for names")
}

fn system_image() -> Service {
    Service::one_shot(name(SYSTEM_IMAGE), [HOLDFAST, "runtime", "images"])
        .after([name(CONTAINERD)])
        .unconfined("it speaks to containerd, which can do all")
}

fn prepare() -> Service {
    Service::one_shot(name(PREPARE), [HOLDFAST, "runtime", "prepare"])
        .unconfined("it makes the keys of the cluster")
}

fn control_plane() -> Service {
    let limits = Confinement::strict()
        .shares_files("flags of the configuration name files anywhere, to read or to write");
    engine(CONTROL_PLANE, &plan::CONTROL_PLANE)
        .after([name(PREPARE)])
        .confined(limits)
}

/// Behind the control plane, so that it stops first: at a shutdown it still tells what becomes of its pods. Behind the keeper,
/// whom it asks once to be told of a shutdown.
fn kubelet() -> Service {
    engine(KUBELET, &plan::NODE)
        .after([name(PREPARE), name(CONTROL_PLANE), name(KEEPER)])
        .unconfined("it mounts the volumes of pods and sets up their groups and their network")
        .env(
            "DBUS_SYSTEM_BUS_ADDRESS",
            "unix:path=/run/dbus/system_bus_socket",
        )
}

/// A process of upstream's components.
fn engine(service: &str, components: &[&str]) -> Service {
    let only = components.join(",");
    Service {
        open_files: Some(1_048_576),
        stop_timeout_ms: Millis::seconds(25),
        group: Group {
            oom_score_adj: Some(-999),
            ..Group::default()
        },
        ..Service::daemon(
            name(service),
            [
                paths::ENGINE,
                "run",
                "--plan",
                paths::ENGINE_PLAN,
                "--only",
                &only,
            ],
        )
    }
}

/// Stops before all others when the machine goes down: it has the kubelet end the pods while everything still runs.
fn keeper(settings: &Settings) -> Service {
    Service {
        stops_first: true,
        stop_timeout_ms: Millis::from(shutdown::stop_timeout(settings)),
        group: Group {
            oom_score_adj: Some(-500),
            ..Group::default()
        },
        ..Service::daemon(name(KEEPER), [HOLDFAST, "runtime", "keep"])
    }
    .unconfined("it speaks to containerd and PID 1, and gives volumes their owners")
    .after([name(PREPARE)])
    .ready(ReadyWhen::PathExists {
        path: shutdown::ready_sign(&Paths::default()),
    })
}

#[cfg(test)]
mod tests {
    use super::services;
    use crate::Settings;
    use os_config::{RegistryAccess, RegistryAuth};

    #[test]
    fn pid_1_accepts_them() {
        let mut settings = Settings::named("edge", "0.1.0");
        settings
            .environment
            .insert("HTTPS_PROXY".into(), "http://proxy.example:3128".into());
        let all = services(&settings);
        assert!(all.iter().all(|s| s.env.contains_key("HTTPS_PROXY")));
        assert!(all.iter().all(|s| s.rights != init_api::Rights::default()));
        let all = init_api::Services::new(all).expect("startable");
        let names: Vec<_> = all.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "containerd",
                "system-image",
                "cluster-prepare",
                "control-plane",
                "keeper",
                "kubelet"
            ]
        );
    }

    #[test]
    fn a_change_touches_only_the_services_that_read_it() {
        let names = |change: fn(&mut Settings)| {
            let before = Settings::named("edge", "0.1.0");
            let mut after = before.clone();
            change(&mut after);
            let pairs = services(&before).into_iter().zip(services(&after));
            let changed = pairs
                .filter(|(b, a)| b != a)
                .map(|(b, _)| b.name.to_string());
            changed.collect::<Vec<_>>().join(" ")
        };
        let label: fn(&mut Settings) = |s| {
            s.node
                .labels
                .insert("a".parse().expect("a key"), "b".parse().expect("a value"));
        };
        let flag: fn(&mut Settings) = |s| {
            let flag = "x".parse().expect("a flag");
            s.args.scheduler.insert(flag, vec!["1".into()]);
        };
        let name: fn(&mut Settings) = |s| s.tls_sans.push("edge.example".parse().expect("a name"));
        let login: fn(&mut Settings) = |s| {
            let token = RegistryAuth::Token("t".parse().expect("a secret"));
            let access = RegistryAccess {
                auth: Some(token),
                ..RegistryAccess::default()
            };
            let host = "r.example".parse().expect("a host");
            s.registries.configs.insert(host, access);
        };
        for (case, change, expected) in [
            ("nothing", (|_| {}) as fn(&mut Settings), ""),
            ("a label", label, "keeper"),
            (
                "a flag",
                flag,
                "cluster-prepare control-plane keeper kubelet",
            ),
            (
                "a name of the API",
                name,
                "cluster-prepare control-plane keeper kubelet",
            ),
            ("a registry's login", login, "containerd keeper"),
        ] {
            assert_eq!(names(change), expected, "{case}");
        }
    }
}
