//! What the schema says about a place in a configuration, also about one that is written wrongly: a typing error must not
//! show a passphrase.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value as Json;

use super::names::{SECRET_WORDS, sounds_secret};
use super::rule::{ALWAYS, BY_KIND, BY_NAME_ALONE, BY_PERMISSIONS, secrecy};
use crate::nearest::nearest;
use crate::schema::{member, schema, schemas_below, shapes};
use crate::tree::{Path, Step};
use crate::values::EnvName;

/// How much of a value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    Nothing,
    /// Its texts and numbers.
    Scalars,
    /// Everything: a secret with blanks or braces in it may have been taken for a mapping.
    All,
}

/// A place, and what is known of it.
#[derive(Clone)]
pub(super) struct Place {
    /// What the schema says here; nothing where it does not know the place.
    known: Vec<&'static Json>,
    /// What the raw types say of its secrecy, here or above.
    secrecy: Option<&'static str>,
    /// What is here or above stands in a mapping with a secret, and is none of its members.
    strange: bool,
    /// What is here or above is named like a secret.
    named_secret: bool,
    top: bool,
}

impl Place {
    /// The whole configuration.
    pub(super) fn top() -> Self {
        Self {
            known: vec![schema()],
            secrecy: None,
            strange: false,
            named_secret: false,
            top: true,
        }
    }

    /// The place at `path`.
    pub(super) fn at(path: &Path) -> Self {
        let top = Self::top();
        path.0.iter().fold(top, |place, step| place.then(step))
    }

    /// The place one step below.
    pub(super) fn then(&self, step: &Step) -> Self {
        let mut known = schemas_below(&self.known, step);
        let mut next = self.clone();
        match step {
            Step::Key(key) => {
                next.top = false;
                if known.is_empty() {
                    // Also where an entry stands without its list.
                    let exact = self.mappings().find_map(|shape| member(shape, key));
                    known.extend(exact);
                }
                if known.is_empty() {
                    known = self.meant(key);
                    next.strange |= self.holds_a_secret() || self.secrecy == Some(ALWAYS);
                }
                let named_alone = self.secrecy == Some(BY_NAME_ALONE);
                let unnamed = named_alone && (self.named() || EnvName::parse(key).is_err());
                next.strange |= unnamed;
                next.named_secret |= sounds_secret(key) || nearest(key, &SECRET_WORDS).is_some();
            }
            Step::Index(_) if known.is_empty() => {
                next.strange |= self.secrecy == Some(BY_NAME_ALONE);
                known.clone_from(&self.known);
            }
            Step::Index(_) => next.top = false,
        }
        next.secrecy = known
            .iter()
            .find_map(|schema| secrecy(schema))
            .or(self.secrecy);
        next.known = known;
        next
    }

    /// True for the whole configuration.
    pub(super) fn is_top(&self) -> bool {
        self.top
    }

    /// How much of what stands here may not be shown.
    pub(super) fn hidden(&self) -> Hidden {
        let unnamed = self.secrecy == Some(BY_NAME_ALONE) && !self.named();
        if self.named_secret {
            Hidden::All
        } else if self.strange || unnamed || self.secrecy == Some(ALWAYS) || self.holds_a_secret() {
            Hidden::Scalars
        } else {
            Hidden::Nothing
        }
    }

    /// The member whose content decides whether it may be shown, what decides, and the other members.
    pub(super) fn content(&self) -> Option<(&'static str, &'static str, Vec<&'static str>)> {
        self.mappings().find_map(content)
    }

    /// True below the mapping whose names decide, false at it.
    fn named(&self) -> bool {
        self.known
            .iter()
            .all(|schema| secrecy(schema) != Some(BY_NAME_ALONE))
    }

    /// What an unknown key is likely to mean: a member of this mapping with a typing error, or one that belongs elsewhere.
    fn meant(&self, key: &str) -> Vec<&'static Json> {
        let near = self.mappings().find_map(|shape| {
            let members = members(shape);
            nearest(key, &members).and_then(|near| member(shape, near))
        });
        match near {
            Some(found) => vec![found],
            None => elsewhere().get(key).cloned().unwrap_or_default(),
        }
    }

    /// True for a mapping that has a secret among its members, and for a list of such.
    fn holds_a_secret(&self) -> bool {
        !self.top && self.mappings().any(has_secret_member)
    }

    /// The shapes here, and those of the entries where a list is wanted.
    fn mappings(&self) -> impl Iterator<Item = &'static Json> {
        let here = self.known.iter().copied().flat_map(shapes);
        here.flat_map(|shape| {
            let entries = shape.get("items").map(shapes).unwrap_or_default();
            std::iter::once(shape).chain(entries)
        })
    }
}

/// The members that may be written where the content of one decides.
pub(super) fn beside_content() -> &'static [&'static str] {
    static BESIDE: OnceLock<Vec<&'static str>> = OnceLock::new();
    BESIDE.get_or_init(|| {
        let mut all = Vec::new();
        each_mapping(schema(), &mut |shape| {
            if content(shape).is_some() {
                all.extend(members(shape));
            }
        });
        all
    })
}

/// The keys with secrets, by their names, wherever they belong.
fn elsewhere() -> &'static HashMap<&'static str, Vec<&'static Json>> {
    static ELSEWHERE: OnceLock<HashMap<&'static str, Vec<&'static Json>>> = OnceLock::new();
    ELSEWHERE.get_or_init(|| {
        let mut all: HashMap<&str, Vec<&Json>> = HashMap::new();
        each_mapping(schema(), &mut |shape| {
            let properties = shape.get("properties").and_then(Json::as_object);
            for (key, schema) in properties.into_iter().flatten() {
                let place = Place {
                    known: vec![schema],
                    top: false,
                    ..Place::top()
                };
                let own = matches!(secrecy(schema), Some(ALWAYS | BY_NAME_ALONE));
                if own || place.holds_a_secret() {
                    all.entry(key).or_default().push(schema);
                }
            }
        });
        all
    })
}

/// Hands every shape of a mapping in the schema to `work`.
fn each_mapping(schema: &'static Json, work: &mut impl FnMut(&'static Json)) {
    for shape in shapes(schema) {
        if shape.get("properties").is_some() {
            work(shape);
        }
        let properties = shape.get("properties").and_then(Json::as_object);
        let members = properties.into_iter().flat_map(|all| all.values());
        let others = ["items", "additionalProperties"].map(|word| shape.get(word));
        for below in members.chain(others.into_iter().flatten()) {
            each_mapping(below, work);
        }
    }
}

fn has_secret_member(shape: &Json) -> bool {
    let properties = shape.get("properties").and_then(Json::as_object);
    let mut members = properties.into_iter().flat_map(|all| all.values());
    members.any(|member| secrecy(member) == Some(ALWAYS))
}

fn members(shape: &'static Json) -> Vec<&'static str> {
    let properties = shape.get("properties").and_then(Json::as_object);
    let members = properties.into_iter().flat_map(|all| all.keys());
    members.map(String::as_str).collect()
}

/// The member of a shape whose content decides whether it may be shown, what decides, and the other members.
pub(super) fn content(
    shape: &'static Json,
) -> Option<(&'static str, &'static str, Vec<&'static str>)> {
    let properties = shape.get("properties").and_then(Json::as_object)?;
    let (key, by) = properties.iter().find_map(|(key, schema)| {
        let by = secrecy(schema)?;
        [BY_PERMISSIONS, BY_KIND]
            .contains(&by)
            .then_some((key.as_str(), by))
    })?;
    let others = members(shape).into_iter().filter(|other| *other != key);
    Some((key, by, others.collect()))
}
