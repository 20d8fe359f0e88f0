//! Which node when.

use kube::core::Duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which node when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.maxFailures) || !has(self.stopOnFailure) || self.stopOnFailure",
    "message": "`maxFailures` says how many nodes may fail before the others stop, and with `stopOnFailure: false` they never do: leave one of the two out"
}]))]
pub struct Strategy {
    /// Who comes first.
    pub order: Order,
    /// How many of the nodes that match may be away for the upgrade at a time: a number, or a part of them such as `10%`, which
    /// is at least one.
    pub max_unavailable: Amount,
    /// How long to wait after a node is done before the next one begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::span::schema")]
    pub delay: Option<Duration>,
    /// Nodes that come before all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Whether no further node begins once the release failed on more nodes than `maxFailures`.
    pub stop_on_failure: bool,
    /// On how many of the nodes that match the release may fail before no further one begins: a number, or a part of them such as
    /// `10%`, rounded down. None if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "failures")]
    pub max_failures: Option<Amount>,
}

/// As an [`Amount`], but it may be nothing.
fn failures(_: &mut SchemaGenerator) -> Schema {
    amount(0, "^(0|[1-9][0-9]?|100)%$")
}

impl Default for Strategy {
    fn default() -> Self {
        Self {
            order: Order::default(),
            max_unavailable: Amount::default(),
            delay: None,
            canary: None,
            stop_on_failure: true,
            max_failures: None,
        }
    }
}

impl Strategy {
    /// On how many of `all` nodes the release may fail while others still begin; none if there is no end to it.
    pub fn bears(&self, all: usize) -> Option<usize> {
        let bears = self.max_failures.map_or(0, |amount| amount.share(all));
        self.stop_on_failure.then_some(bears)
    }
}

/// Who comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Servers, then agents, each by name.
    #[default]
    ControlPlaneFirst,
    /// By name.
    Name,
}

/// Nodes that come before all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// How many.
    #[schemars(range(min = 1, max = 1000))]
    pub nodes: u32,
    /// How long they have to run well before the others follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::span::schema")]
    pub soak: Option<Duration>,
}

/// A number of nodes, or a part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Amount {
    /// So many.
    Nodes(u32),
    /// So many of a hundred, rounded down.
    Percent(u32),
}

/// As it stands in the resource.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
    Nothing,
}

impl Default for Amount {
    fn default() -> Self {
        Self::Nodes(1)
    }
}

impl Amount {
    /// How many of `all` nodes that is; one at least.
    pub fn of(self, all: usize) -> usize {
        self.share(all).max(1)
    }

    /// How many of `all` nodes that is, which may be none.
    fn share(self, all: usize) -> usize {
        match self {
            Self::Nodes(count) => count as usize,
            Self::Percent(percent) => all.saturating_mul(percent as usize) / 100,
        }
    }
}

impl From<Amount> for Written {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Nodes(count) => Self::Number(count.into()),
            Amount::Percent(percent) => Self::Text(format!("{percent}%")),
        }
    }
}

impl TryFrom<Written> for Amount {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(count) => Ok(Self::Nodes(count.try_into().unwrap_or(u32::MAX))),
            Written::Nothing => Ok(Self::default()),
            Written::Text(text) => match text.strip_suffix('%').map(str::parse) {
                Some(Ok(percent @ 0..=100)) => Ok(Self::Percent(percent)),
                _ => Err(format!("{text:?} is neither a number nor such as \"10%\"")),
            },
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        amount(1, "^([1-9][0-9]?|100)%$")
    }
}

fn amount(least: u32, percent: &str) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true,
        "anyOf": [{ "type": "integer" }, { "type": "string" }],
        "minimum": least,
        "maximum": 100_000,
        "pattern": percent,
    })
}

#[cfg(test)]
mod tests {
    use super::Strategy;
    use serde_json::json;

    #[test]
    fn on_how_many_nodes_a_release_may_fail() {
        for (written, all, bears) in [
            (json!({}), 10, Some(0)),
            (json!({ "maxFailures": 0 }), 10, Some(0)),
            (json!({ "maxFailures": 3 }), 2, Some(3)),
            (json!({ "maxFailures": "10%" }), 29, Some(2)),
            (json!({ "maxFailures": "10%" }), 9, Some(0)),
            (json!({ "maxFailures": "0%" }), 9, Some(0)),
            (json!({ "stopOnFailure": false }), 10, None),
        ] {
            let strategy: Strategy = serde_json::from_value(written.clone()).expect("a strategy");
            assert_eq!(strategy.bears(all), bears, "{written} of {all}");
        }
        for wrong in [json!("101%"), json!("some"), json!(-1)] {
            let written = json!({ "maxFailures": wrong });
            assert!(
                serde_json::from_value::<Strategy>(written).is_err(),
                "{wrong}"
            );
        }
    }
}
