//! A configuration that a person names, and what is wrong with it.

use super::exit_code::NOT_RIGHT;
use anyhow::{Context, bail};
use os_config::{LARGEST_TEXT, Report};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
use std::process::ExitCode;

/// Prints a report; the exit code for it.
pub(crate) fn not_right(report: &Report) -> ExitCode {
    crate::out::tell!("{report}");
    ExitCode::from(NOT_RIGHT)
}

/// The file's bytes. Of a file that is too large, just more than what is allowed, so that the report can say so.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(stdin())
    } else {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        if file.metadata().is_ok_and(|is| is.is_dir()) {
            bail!("{} is a folder; name the file in it", path.display());
        }
        Box::new(file)
    };
    let mut text = Vec::new();
    let most = u64::try_from(LARGEST_TEXT).unwrap_or(u64::MAX - 1) + 1;
    input
        .take(most)
        .read_to_end(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

/// The file with signatures of a configuration.
#[cfg(any(feature = "node", feature = "workstation"))]
pub(crate) fn beside(file: &Path) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(node_setup::policy::SIGNATURE_ENDING);
    name.into()
}
