//! What it takes for a changed key to take effect.

use std::fmt;

use serde_json::Value as Json;

use crate::schema::on_the_way;
use crate::tree::Path;

/// What it takes for a changed key to take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Nothing: it takes effect as soon as it is applied. The keeper may start anew to do so, which nobody notices.
    Live,
    /// Services start anew; pods keep running.
    Restart(&'static [&'static str]),
    /// The machine starts anew.
    Reboot,
    /// It cannot change once the cluster exists.
    NewCluster,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("at once"),
            Self::Restart(services) => write!(f, "restarts {}", services.join(", ")),
            Self::Reboot => f.write_str("at the next boot"),
            Self::NewCluster => f.write_str("never: the cluster would have to be made again"),
        }
    }
}

/// What reads the environment: all of the cluster's services.
const ENVIRONMENT: Impact = Impact::Restart(&[
    "containerd",
    "system-image",
    "cluster-prepare",
    "control-plane",
    "kubelet",
    "keeper",
]);
/// What reads how Kubernetes runs.
const KUBERNETES: Impact =
    Impact::Restart(&["cluster-prepare", "control-plane", "kubelet", "keeper"]);

/// The words of `x-impact` in the raw types. `node-setup/tests/setup/impact.rs` holds them against the services that
/// really change.
const WORDS: [(&str, Impact); 7] = [
    ("live", Impact::Live),
    ("reboot", Impact::Reboot),
    ("new cluster", Impact::NewCluster),
    ("environment", ENVIRONMENT),
    ("kubernetes", KUBERNETES),
    ("registries", Impact::Restart(&["containerd", "keeper"])),
    ("time", Impact::Restart(&["time"])),
];

/// What it takes for a change of `key` to take effect; `key` is written as in [`Change`](crate::Change). What says nothing
/// is taken for the worst that can be done about it.
pub fn impact(key: &str) -> Impact {
    let path = Path::parse(key).unwrap_or_default();
    on_the_way(&path)
        .into_iter()
        .rev()
        .find_map(declared_impact)
        .unwrap_or(Impact::Reboot)
}

fn declared_impact(schema: &Json) -> Option<Impact> {
    let word = schema.get("x-impact")?.as_str()?;
    let (_, impact) = WORDS.iter().find(|(known, _)| *known == word)?;
    Some(*impact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{is_refused, schema};

    #[test]
    fn every_key_at_the_top_says_its_impact() {
        let keys = schema()["properties"].as_object().expect("there are keys");
        for (key, schema) in keys.iter().filter(|(_, schema)| !is_refused(schema)) {
            assert!(
                declared_impact(schema).is_some(),
                "{key} has no `x-impact` that is known"
            );
        }
    }

    #[test]
    fn every_impact_that_is_said_is_known() {
        fn walk(schema: &Json, seen: &mut usize) {
            if schema.get("x-impact").is_some() {
                assert!(declared_impact(schema).is_some(), "{}", schema["x-impact"]);
                *seen += 1;
            }
            match schema {
                Json::Object(members) => members.values().for_each(|part| walk(part, seen)),
                Json::Array(items) => items.iter().for_each(|part| walk(part, seen)),
                _ => {}
            }
        }
        let mut seen = 0;
        walk(schema(), &mut seen);
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn what_is_not_known_is_taken_for_the_worst() {
        assert_eq!(impact("no.such.key"), Impact::Reboot);
    }
}
