//! A checked set of services: what `services.json` holds.

use crate::{Confinement, Kind, ReadyWhen, Service, ServiceName};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Services in a startable order. Cannot be built with a name twice, an unknown name in `after`, or a circle.
///
/// `after` may name a service that is not in the set when [`Services::BUILT_IN`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Services(Vec<Service>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    services: Vec<Service>,
}

/// These services cannot be run together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServicesError {
    /// A name twice.
    #[error("service {0} is described twice")]
    Twice(ServiceName),
    /// No program, or one without an absolute path.
    #[error("service {0}: the command must begin with an absolute path")]
    Command(ServiceName),
    /// A socket or path to wait for is not absolute.
    #[error("service {0}: the path that shows it ready must be absolute")]
    ReadyPath(ServiceName),
    /// A daemon can never be "ready when it has ended".
    #[error("service {0}: a daemon cannot be ready by its exit")]
    DaemonExit(ServiceName),
    /// An environment key or any text that a process cannot be given.
    #[error(
        "service {0}: a command or environment text has a NUL, or an environment key is empty or has '='"
    )]
    Text(ServiceName),
    /// What it may do names a path that cannot be meant.
    #[error(
        "service {0}: its rights name a path that is not absolute, leads elsewhere, or is not one of those that are hidden"
    )]
    Rights(ServiceName),
    /// `after` names nobody.
    #[error("service {name} comes after {after}, which does not exist")]
    Unknown {
        /// The service.
        name: ServiceName,
        /// What it names.
        after: ServiceName,
    },
    /// They wait for each other.
    #[error("services wait for each other in a circle: {}", .0.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(", "))]
    Circle(Vec<ServiceName>),
}

impl Services {
    /// Services that PID 1 brings along; one in `services.json` with the same name takes its place.
    pub const BUILT_IN: [&str; 10] = [
        "udevd",
        "udev-adapters",
        "udev-network",
        "udev-sticks",
        "udev-scsi",
        "dbus",
        "network",
        "time",
        "ssh",
        "udev-trigger",
    ];

    /// Checks and orders services: each stands behind those it comes after, otherwise the given order is kept.
    ///
    /// # Errors
    /// What [`ServicesError`] lists.
    pub fn new(services: Vec<Service>) -> Result<Self, ServicesError> {
        let mut names = BTreeSet::new();
        for service in &services {
            if !names.insert(service.name.clone()) {
                return Err(ServicesError::Twice(service.name.clone()));
            }
            check(service)?;
        }
        for service in &services {
            let stranger = |after: &&ServiceName| {
                !names.contains(after) && !Self::BUILT_IN.contains(&after.as_str())
            };
            if let Some(after) = service.after.iter().find(stranger) {
                return Err(ServicesError::Unknown {
                    name: service.name.clone(),
                    after: after.clone(),
                });
            }
        }
        in_order(services).map(Self)
    }

    /// The services, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Service> {
        self.0.iter()
    }

    /// This set with `others` in it: one of the same name takes the place of ours.
    ///
    /// # Errors
    /// Together they wait in a circle.
    pub fn overlaid(self, others: Self) -> Result<Self, ServicesError> {
        let names: BTreeSet<_> = others.0.iter().map(|s| s.name.clone()).collect();
        let kept = self.0.into_iter().filter(|s| !names.contains(&s.name));
        Self::new(kept.chain(others.0).collect())
    }

    /// The services, taken out.
    pub fn into_vec(self) -> Vec<Service> {
        self.0
    }
}

fn check(service: &Service) -> Result<(), ServicesError> {
    let name = || service.name.clone();
    if !service.command.first().is_some_and(|c| c.starts_with('/')) {
        return Err(ServicesError::Command(name()));
    }
    let nul = |text: &String| text.contains('\0');
    let bad_env = |(k, v): (&String, &String)| k.is_empty() || k.contains('=') || nul(k) || nul(v);
    if service.command.iter().any(nul) || service.env.iter().any(bad_env) {
        return Err(ServicesError::Text(name()));
    }
    if !service
        .rights
        .confinement()
        .is_none_or(Confinement::is_sound)
    {
        return Err(ServicesError::Rights(name()));
    }
    match &service.ready {
        ReadyWhen::PathExists { path } | ReadyWhen::SocketListens { path }
            if !path.is_absolute() =>
        {
            Err(ServicesError::ReadyPath(name()))
        }
        ReadyWhen::Exit if service.kind == Kind::Daemon => Err(ServicesError::DaemonExit(name())),
        _ => Ok(()),
    }
}

/// Takes, again and again, the first whose predecessors are all taken.
fn in_order(services: Vec<Service>) -> Result<Vec<Service>, ServicesError> {
    let known: BTreeSet<_> = services.iter().map(|s| s.name.clone()).collect();
    let mut left: BTreeMap<usize, Service> = services.into_iter().enumerate().collect();
    let mut placed = BTreeSet::new();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = |s: &Service| {
            s.after
                .iter()
                .all(|a| placed.contains(a) || !known.contains(a))
        };
        let next = left.iter().find(|(_, s)| free(s)).map(|(index, _)| *index);
        let Some(service) = next.and_then(|index| left.remove(&index)) else {
            return Err(ServicesError::Circle(
                left.into_values().map(|s| s.name).collect(),
            ));
        };
        placed.insert(service.name.clone());
        ordered.push(service);
    }
    Ok(ordered)
}

impl TryFrom<Raw> for Services {
    type Error = ServicesError;
    fn try_from(raw: Raw) -> Result<Self, ServicesError> {
        Self::new(raw.services)
    }
}

impl From<Services> for Raw {
    fn from(services: Services) -> Self {
        Self {
            services: services.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Services, ServicesError};
    use crate::{Confinement, ReadyWhen, Service, ServiceName};

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).expect("name")
    }

    fn service(text: &str, after: &[&str]) -> Service {
        Service::daemon(name(text), ["/bin/x"]).after(after.iter().map(|a| name(a)))
    }

    #[test]
    fn order_follows_after_and_keeps_the_rest() {
        let set = Services::new(vec![
            service("keeper", &["control-plane"]),
            service("containerd", &["udevd"]),
            service("control-plane", &["containerd"]),
        ]);
        let set = set.expect("valid");
        let names: Vec<_> = set.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["containerd", "control-plane", "keeper"]);
    }

    #[test]
    fn what_cannot_run_together() {
        let relative = Service::daemon(name("a"), ["x"]);
        let path = service("a", &[]).ready(ReadyWhen::PathExists { path: "x".into() });
        let exit = service("a", &[]).ready(ReadyWhen::Exit);
        let env = service("a", &[]).env("A=B", "c");
        let view = service("a", &[]).confined(Confinement::strict().writes("run", "why"));
        for (case, services, error) in [
            (
                "twice",
                vec![service("a", &[]), service("a", &[])],
                ServicesError::Twice(name("a")),
            ),
            (
                "relative command",
                vec![relative],
                ServicesError::Command(name("a")),
            ),
            (
                "relative path",
                vec![path],
                ServicesError::ReadyPath(name("a")),
            ),
            (
                "daemon exit",
                vec![exit],
                ServicesError::DaemonExit(name("a")),
            ),
            ("rights", vec![view], ServicesError::Rights(name("a"))),
            ("environment", vec![env], ServicesError::Text(name("a"))),
            (
                "unknown",
                vec![service("a", &["b"])],
                ServicesError::Unknown {
                    name: name("a"),
                    after: name("b"),
                },
            ),
            (
                "circle",
                vec![
                    service("a", &["b"]),
                    service("b", &["a"]),
                    service("c", &[]),
                ],
                ServicesError::Circle(vec![name("a"), name("b")]),
            ),
        ] {
            assert_eq!(Services::new(services), Err(error), "{case}");
        }
    }

    #[test]
    fn json_is_strict_and_short() {
        let json = r#"{"services":[{"name":"a","command":["/a"],"kind":"daemon","ready":{"when":"socket-listens","path":"/s"}}]}"#;
        let set: Services = serde_json::from_str(json).expect("valid");
        let again = serde_json::to_string(&set).expect("writes");
        assert_eq!(
            serde_json::from_str::<Services>(&again).expect("round trip"),
            set
        );
        for bad in [
            r#"{"services":[{"name":"a","command":["/a"],"kind":"daemon","colour":"red"}]}"#,
            r#"{"services":[{"name":"a","command":[],"kind":"daemon"}]}"#,
            r#"{"services":[{"name":"A","command":["/a"],"kind":"daemon"}]}"#,
            r#"{}"#,
        ] {
            assert!(serde_json::from_str::<Services>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_of_the_same_name_takes_the_place() {
        let ours = Services::new(vec![service("ssh", &[]), service("time", &[])]).expect("valid");
        let theirs = Service::daemon(name("ssh"), ["/other"]);
        let both = ours
            .overlaid(Services::new(vec![theirs.clone()]).expect("valid"))
            .expect("valid");
        assert_eq!(both.iter().find(|s| s.name == theirs.name), Some(&theirs));
        assert_eq!(both.iter().count(), 2);
    }
}
