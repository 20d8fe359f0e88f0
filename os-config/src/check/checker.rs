//! Where a check stands, and what it has found so far.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

use crate::raw::{Named, Text};
use crate::report::{Finding, MOST_FINDINGS};
use crate::tree::{Path, Step};
use crate::values::Invalid;
use crate::values::text::TextValue;

/// Walks the raw configuration: knows the current key and collects findings.
#[derive(Default)]
pub(crate) struct Checker {
    path: Path,
    findings: Vec<Finding>,
}

impl Checker {
    /// Everything found.
    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Goes one step down for the time of `work`.
    pub(crate) fn at<T>(&mut self, step: impl Into<Step>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.0.push(step.into());
        let result = work(self);
        self.path.0.pop();
        result
    }

    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// The value here is wrong.
    pub(crate) fn wrong(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.found(Finding::value(self.path.clone(), message, help));
    }

    /// The value here is invalid.
    pub(crate) fn invalid(&mut self, invalid: Invalid) {
        self.wrong(invalid.message, invalid.help);
    }

    /// The key here must not stand.
    pub(crate) fn refuse(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.found(Finding::key(self.path.clone(), message, help));
    }

    /// `key` is missing here.
    pub(crate) fn missing(&mut self, key: &str, help: impl Into<String>) {
        self.wrong(format!("`{key}` is missing here"), help);
    }

    /// The value of `key`, checked; `None` when it is absent or wrong.
    pub(crate) fn value<T: TextValue>(
        &mut self,
        key: &str,
        raw: &Option<Text<T>>,
    ) -> Option<T::Checked> {
        let raw = raw.as_ref()?;
        self.at(key, |checker| checker.text(raw))
    }

    /// The text here, checked.
    pub(crate) fn text<T: TextValue>(&mut self, raw: &Text<T>) -> Option<T::Checked> {
        self.parsed(T::check(&raw.0))
    }

    /// The good part of a result; the bad part is noted.
    pub(crate) fn parsed<T>(&mut self, result: Result<T, Invalid>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.invalid(invalid);
                None
            }
        }
    }

    /// The good entries of the list under `key`.
    pub(crate) fn list<R, T>(
        &mut self,
        key: &str,
        raw: &[R],
        mut check: impl FnMut(&mut Self, &R) -> Option<T>,
    ) -> Vec<T> {
        self.at(key, |checker| {
            raw.iter()
                .enumerate()
                .filter_map(|(index, item)| checker.at(index, |checker| check(checker, item)))
                .collect()
        })
    }

    /// The good entries of the list of texts under `key`.
    pub(crate) fn texts<T: TextValue>(&mut self, key: &str, raw: &[Text<T>]) -> Vec<T::Checked> {
        self.list(key, raw, |checker, text| checker.text(text))
    }

    /// The good entries of the mapping under `key`.
    pub(crate) fn named<K: TextValue, V: TextValue>(
        &mut self,
        key: &str,
        raw: &Named<K, Text<V>>,
    ) -> BTreeMap<K::Checked, V::Checked>
    where
        K::Checked: Ord,
    {
        self.at(key, |checker| {
            raw.0
                .iter()
                .filter_map(|(name, value)| {
                    checker.at(name.as_str(), |checker| {
                        let key = checker.name::<K>(name);
                        let value = checker.text(value);
                        key.zip(value)
                    })
                })
                .collect()
        })
    }

    /// The name that is the key here, checked; what is wrong with it points at the key, not at its value.
    pub(crate) fn name<K: TextValue>(&mut self, name: &str) -> Option<K::Checked> {
        match K::check(name) {
            Ok(key) => Some(key),
            Err(invalid) => {
                self.refuse(invalid.message, invalid.help);
                None
            }
        }
    }
}

/// The first entry that equals an earlier one by `key`: its index.
pub(crate) fn repeated<T, K: Eq + Hash>(items: &[T], key: impl Fn(&T) -> K) -> Option<usize> {
    let mut seen = HashSet::new();
    items.iter().position(|item| !seen.insert(key(item)))
}
