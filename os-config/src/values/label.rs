//! Node labels and taints, by Kubernetes' own rules.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{Invalid, quoted, text_type, text_value};

text_type! {
    /// A label's key: an optional DNS prefix and a slash, then a name of at most 63 characters.
    LabelKey, check_key,
    const PATTERN: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$";
}
text_type! {
    /// A label's value: empty, or at most 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends.
    LabelValue, check_value,
    const PATTERN: &str = r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$";
    const LOOSE: bool = true;
}

/// Prefixes that a kubelet may not set on its own node (NodeRestriction); the API server would refuse them.
const KUBELET_MAY: [&str; 2] = ["node.kubernetes.io", "kubelet.kubernetes.io"];

fn check_key(text: &str) -> Result<String, Invalid> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if let Some(prefix) = prefix {
        let sound = |part: &str| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !part.is_empty()
                && part.bytes().all(inner)
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        if prefix.len() > 253 || !prefix.split('.').all(sound) {
            return Err(Invalid::new(
                format!(
                    "{} is not a DNS name, as a key's prefix must be",
                    quoted(prefix)
                ),
                "write it like example.com/name",
            ));
        }
    }
    if !name_is_sound(name) {
        return Err(Invalid::new(
            format!("{} is not a key that Kubernetes accepts", quoted(text)),
            "use at most 63 letters, digits, \"-\", \"_\" and \".\", with a letter or digit at both ends, after an optional prefix like example.com/",
        ));
    }
    Ok(text.to_owned())
}

fn check_value(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || name_is_sound(text) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is not a value that Kubernetes accepts", quoted(text)),
        "use at most 63 letters, digits, \"-\", \"_\" and \".\", with a letter or digit at both ends",
    ))
}

fn name_is_sound(name: &str) -> bool {
    let end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    bytes.len() <= 63
        && end(bytes.first())
        && end(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

impl LabelKey {
    /// False for the few keys below `kubernetes.io` that the API server lets nobody but itself set on a node, and that a
    /// kubelet must not be started with.
    pub fn allowed_on_own_node(&self) -> bool {
        let Some((prefix, _)) = self.as_str().split_once('/') else {
            return true;
        };
        let below = |domain: &str| {
            prefix == domain
                || prefix
                    .strip_suffix(domain)
                    .is_some_and(|p| p.ends_with('.'))
        };
        if KUBELET_MAY.iter().any(|domain| below(domain)) {
            return true;
        }
        !below("node-restriction.kubernetes.io") && !below("kubernetes.io") && !below("k8s.io")
    }
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaintEffect {
    /// No new pod is placed here.
    NoSchedule,
    /// New pods are placed elsewhere where possible.
    PreferNoSchedule,
    /// Running pods leave as well.
    NoExecute,
}

impl TaintEffect {
    /// Kubernetes' spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// A node taint, `key=value:Effect`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Taint {
    /// The key; unique together with the effect.
    pub key: LabelKey,
    /// The value, often empty.
    pub value: LabelValue,
    /// What it does.
    pub effect: TaintEffect,
}

impl Taint {
    /// Checks `key:Effect` or `key=value:Effect`.
    ///
    /// # Errors
    /// [`Invalid`] when a part is missing or not what Kubernetes accepts.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let Some((left, effect)) = text.rsplit_once(':') else {
            return Err(Invalid::new(
                format!("{} is not a taint: its effect is missing", quoted(text)),
                "write key=value:Effect, where Effect is NoSchedule, PreferNoSchedule or NoExecute",
            ));
        };
        let effect = match effect {
            "NoSchedule" => TaintEffect::NoSchedule,
            "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
            "NoExecute" => TaintEffect::NoExecute,
            other => {
                return Err(Invalid::new(
                    format!("{} is not the effect of a taint", quoted(other)),
                    "write NoSchedule, PreferNoSchedule or NoExecute after the colon",
                ));
            }
        };
        let (key, value) = left.split_once('=').unwrap_or((left, ""));
        Ok(Self {
            key: LabelKey::parse(key)?,
            value: LabelValue::parse(value)?,
            effect,
        })
    }
}

text_value! {
    Taint => Self, Self::parse,
    const PATTERN: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?(=([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?)?:(NoSchedule|PreferNoSchedule|NoExecute)$";
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = self.effect.as_str();
        if self.value.as_str().is_empty() {
            write!(f, "{}:{effect}", self.key)
        } else {
            write!(f, "{}={}:{effect}", self.key, self.value)
        }
    }
}

impl TryFrom<String> for Taint {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Taint> for String {
    fn from(taint: Taint) -> Self {
        taint.to_string()
    }
}
