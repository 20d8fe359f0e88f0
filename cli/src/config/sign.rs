//! `holdfast config sign`: a detached signature of a configuration.

use super::input::beside;
use super::{not_right, read};
use crate::out;
use anyhow::{Context, bail};
use bundle::PrivateKey;
use node_setup::policy::sign;
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
    let origin = args.file.to_string_lossy();
    if let Err(report) = os_config::parse_config(&origin, &text) {
        return Ok(not_right(&report));
    }
    let key = crate::signing_key::read(&args.key)?;
    let beside = beside(&args.file);
    if args.file == Path::new("-") {
        bail!("name the file: its signature is written beside it");
    }
    host::file::write(&beside, 0o644, lines(&key, &text))
        .with_context(|| format!("cannot write {}", beside.display()))?;
    out::line(format_args!(
        "signed by {}; put {} beside the file; images take it with\n  config_signers: [\"{}\"]",
        key.public(),
        beside.display(),
        key.public()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The lines of the file with signatures. A stick that installs gives the installed disk the file without `install`, and this file of
/// signatures as it is: so that text is signed, too.
pub(crate) fn lines(key: &PrivateKey, text: &[u8]) -> String {
    let mut lines = sign(key, text);
    let installed = os_config::installed("config.yaml", text).map(|installed| installed.text);
    if let Some(text) = installed
        .ok()
        .filter(|installed| installed.as_bytes() != text)
    {
        lines += &sign(key, text.as_bytes());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;
    use bundle::PrivateKey;
    use node_setup::policy::is_signed;

    /// Made by `openssl genpkey -algorithm ed25519`, for this test alone.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n";

    #[test]
    fn what_a_stick_installs_is_signed_with_it() {
        let key = PrivateKey::from_pem(KEY).expect("a key");
        let stick = "# a shop\nversion: 1\ninstall: {}\nhostname: a\n";
        let installed = os_config::installed("config.yaml", stick.as_bytes()).expect("right");
        assert_ne!(installed.text, stick);
        let both = lines(&key, stick.as_bytes());
        for text in [stick, &installed.text] {
            assert!(is_signed(text.as_bytes(), both.as_bytes()), "{text}");
        }
        let one = lines(&key, b"version: 1\n");
        assert_eq!(one.lines().count(), 1, "{one}");
    }
}
