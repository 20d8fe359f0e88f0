//! `holdfast config sign`: a detached signature of a configuration.

use super::{not_right, read};
use crate::out;
use anyhow::Context;
use node_setup::policy::{SIGNATURE_ENDING, sign};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The config.yaml, of a stick or of a server; it is checked first
    file: PathBuf,
    /// The ed25519 key, PKCS#8; `openssl genpkey -algorithm ed25519` makes one. Its public half stands in the image's config_signers
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = read(&args.file)?;
    if let Err(report) = os_config::parse_config(&args.file.to_string_lossy(), &text) {
        return Ok(not_right(&report));
    }
    let key = crate::signing_key::read(&args.key)?;
    let beside = beside(&args.file);
    host::file::write(&beside, 0o644, sign(&key, &text))
        .with_context(|| format!("cannot write {}", beside.display()))?;
    out::line(format_args!(
        "signed by {}; put {} beside the file; images take it with\n  config_signers: [\"{}\"]",
        key.public(),
        beside.display(),
        key.public()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(SIGNATURE_ENDING);
    name.into()
}
