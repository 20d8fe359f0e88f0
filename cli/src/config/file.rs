//! Commands that read configurations: from files, or the node's.

use super::exit_code::DIFFERENT;
use super::input::{not_right, read};
#[cfg(feature = "node")]
use crate::client::on_a_node;
use crate::out;
#[cfg(feature = "node")]
use anyhow::anyhow;
#[cfg(not(feature = "node"))]
use anyhow::bail;
use os_config::{Loaded, Sources};
use std::path::Path;
use std::process::ExitCode;

/// A loaded configuration, or the exit code after its report has been printed.
type Checked = Result<Loaded, ExitCode>;

pub(super) fn check(path: &Path) -> anyhow::Result<ExitCode> {
    Ok(match load(path)? {
        Ok(loaded) => {
            out::line(format_args!("{}: right", path.display()))?;
            for remark in os_config::remarks(loaded.config()) {
                crate::out::tell!("remark: {remark}");
            }
            ExitCode::SUCCESS
        }
        Err(code) => code,
    })
}

pub(super) fn show(path: Option<&Path>, secrets: bool) -> anyhow::Result<ExitCode> {
    let loaded = match in_force(path)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    out::print(if secrets {
        loaded.secret_yaml()
    } else {
        loaded.redacted_yaml()
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn explain(path: Option<&Path>, key: &str) -> anyhow::Result<ExitCode> {
    let loaded = match in_force(path)? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    out::line(loaded.explain(key)?.to_string().trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn diff(path: &Path, before: Option<&Path>) -> anyhow::Result<ExitCode> {
    let changes = match before {
        Some(before) => match (load(before)?, load(path)?) {
            (Ok(before), Ok(after)) => os_config::diff(&before, &after),
            (Err(code), _) | (_, Err(code)) => return Ok(code),
        },
        None => match changes_on_node(path)? {
            Ok(changes) => changes,
            Err(code) => return Ok(code),
        },
    };
    if changes.is_empty() {
        out::line("no difference")?;
        return Ok(ExitCode::SUCCESS);
    }
    for change in &changes {
        out::line(change)?;
    }
    Ok(ExitCode::from(DIFFERENT))
}

/// The configuration of a file, or of the node.
fn in_force(path: Option<&Path>) -> anyhow::Result<Checked> {
    match path {
        Some(path) => load(path),
        None => of_node(),
    }
}

#[cfg(feature = "node")]
fn of_node() -> anyhow::Result<Checked> {
    on_a_node()
        .map_err(|error| anyhow!("{error}; of a file, with --file FILE, it works anywhere"))?;
    super::node::in_force().map(Ok)
}

#[cfg(feature = "node")]
fn changes_on_node(path: &Path) -> anyhow::Result<Result<Vec<os_config::Change>, ExitCode>> {
    on_a_node().map_err(|error| {
        anyhow!("{error}; with another file, by --file-before FILE, it works anywhere")
    })?;
    super::node::changes(path)
}

#[cfg(not(feature = "node"))]
fn of_node() -> anyhow::Result<Checked> {
    bail!("this build of holdfast is not for nodes: name a file with --file")
}

#[cfg(not(feature = "node"))]
fn changes_on_node(_: &Path) -> anyhow::Result<Result<Vec<os_config::Change>, ExitCode>> {
    bail!("this build of holdfast is not for nodes: name the other file with --file-before")
}

fn load(path: &Path) -> anyhow::Result<Checked> {
    let text = read(path)?;
    let sources = Sources::one(path.display().to_string(), text);
    Ok(os_config::load(&sources).map_err(|report| not_right(&report)))
}
