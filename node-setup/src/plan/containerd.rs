//! containerd's own files: how it reaches registries, and its configuration, which the next boot starts it by as well.

use crate::step::{Content, Step};
use init_api::paths::REGISTRIES;
use runtime::plan::plan_containerd;
use runtime::{Paths, Settings};
use std::collections::BTreeMap;

/// Certificates stand before what refers to them, and all of it before the configuration. A pull at this very moment finds the
/// registries as they were or as they will be: entries that are no longer wanted go in the same step in which others come.
pub(crate) fn containerd(settings: &Settings) -> Vec<Step> {
    let (config, files) = plan_containerd(settings, &Paths::default());
    let mut registries = BTreeMap::new();
    let mut steps = Vec::new();
    for file in files {
        match file.path.strip_prefix(REGISTRIES) {
            Ok(inside) => {
                registries.insert(inside.to_owned(), Content(file.content));
            }
            Err(_) => steps.push(Step::file(file.path, file.mode, Content(file.content))),
        }
    }
    steps.push(Step::ReplaceDir {
        path: REGISTRIES.into(),
        files: registries,
    });
    steps.push(Step::file(
        config.path,
        config.mode,
        Content(config.content),
    ));
    steps
}
