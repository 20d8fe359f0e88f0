//! The node's own configuration.

use super::input::{beside, not_right, read};
use crate::client::on_a_node;
use anyhow::bail;
use init_api::Root;
use node_setup::NodeMedia;
use node_setup::change::{ChangeError, Proposal, current, propose};
use os_config::{Change, Loaded};
use std::path::Path;
use std::process::ExitCode;

/// What the node's sources say now, together.
pub(super) fn in_force() -> anyhow::Result<Loaded> {
    as_root_on_a_node()?;
    current(&Root::default(), &mut NodeMedia)
        .map_err(|problem| anyhow::anyhow!("{}\n{}\n{}", problem.title, problem.text, problem.cure))
}

/// What a file would change; the exit code when it is not right.
pub(super) fn changes(path: &Path) -> anyhow::Result<Result<Vec<Change>, ExitCode>> {
    Ok(proposal(path)?.map(|proposal| proposal.changes))
}

/// A file, checked in the place of the CONFIG partition's.
pub(super) fn proposal(path: &Path) -> anyhow::Result<Result<Proposal, ExitCode>> {
    as_root_on_a_node()?;
    let text = read(path)?;
    let signatures = signatures(path)?;
    match propose(
        &Root::default(),
        &mut NodeMedia,
        &path.display().to_string(),
        text,
        signatures,
    ) {
        Ok(proposal) => Ok(Ok(proposal)),
        Err(ChangeError::NotRight(report)) => Ok(Err(not_right(&report))),
        Err(error) => Err(error.into()),
    }
}

/// The file with signatures beside a configuration, if there is one; standard input has none.
fn signatures(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let beside = beside(path);
    match beside.is_file() {
        true => read(&beside).map(Some),
        false => Ok(None),
    }
}

pub(crate) fn as_root_on_a_node() -> anyhow::Result<()> {
    on_a_node()?;
    if !rustix::process::geteuid().is_root() {
        bail!("only root may read and change the node's configuration: log in as root");
    }
    Ok(())
}
