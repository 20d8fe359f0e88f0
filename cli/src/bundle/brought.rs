//! The configuration that a bundle brings along: `--config`.

use crate::config::{beside, not_right, read};
use anyhow::{Context, bail};
use bundle_maker::StickConfig;
use os_config::{Config, Manifest};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// A checked configuration.
#[derive(Debug)]
pub(super) struct Brought {
    /// The file, with the signatures that lie beside it.
    pub(super) file: StickConfig,
    /// The manifests that stand in it, by name.
    pub(super) manifests: BTreeMap<String, String>,
}

impl Brought {
    /// Reads it, or gives the exit code when it is wrong, which has been told. `installs`: it goes onto a CONFIG partition.
    pub(super) fn read(path: &Path, installs: bool) -> anyhow::Result<Result<Self, ExitCode>> {
        let text = read(path)?;
        let config = match os_config::parse_config(&path.display().to_string(), &text) {
            Ok(config) => config,
            Err(report) => {
                let code = not_right(&report);
                crate::out::tell!("nothing was written");
                return Ok(Err(code));
            }
        };
        if config.install.is_some() && !installs {
            bail!(
                "{} has `install`, which nodes refuse from a stick with a bundle: remove it, or make a stick that installs with --image",
                path.display()
            );
        }
        let signatures = Some(beside(path)).filter(|path| path.is_file());
        let signatures = signatures.map(fs::read).transpose();
        let signatures = signatures.context("cannot read the configuration's signatures")?;
        let manifests = written_in(&config);
        Ok(Ok(Self {
            file: StickConfig { text, signatures },
            manifests,
        }))
    }
}

/// The manifests in a configuration, by name. Of those that a node fetches nobody knows here what images they need.
fn written_in(config: &Config) -> BTreeMap<String, String> {
    let mut written = BTreeMap::new();
    for manifest in &config.manifests {
        match manifest {
            Manifest::Inline { name, content } => {
                written.insert(name.to_string(), content.clone());
            }
            Manifest::Url { name, .. } => crate::out::tell!(
                "remark: manifest {name} of the configuration is fetched by the node: its images are not looked for"
            ),
        }
    }
    written
}
