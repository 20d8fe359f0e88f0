//! The files of the CONFIG partition.

use crate::error::{Error, Result};
use crate::file;
use std::path::Path;

/// Shown to whoever opens the partition; lines end as the plainest editor of Windows wants them.
const README: &str = "Holdfast\n\
    \n\
    config.yaml is all there is to set. Change it with any text editor, save it as plain text (UTF-8), put the card or\n\
    disk back, and switch the machine on. It comes up as a Kubernetes node in a few minutes.\n\
    \n\
    If something in config.yaml is wrong, the machine says what and where on its screen and waits for a corrected one.\n\
    The keys are explained in config.yaml itself and in docs/config.md of the source code.\n";

/// `config.yaml` (the user's, checked, or the commented sample) and a note.
pub(crate) fn files(config: Option<&Path>) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let text = match config {
        Some(path) => checked(path)?,
        None => os_config::sample().as_bytes().to_vec(),
    };
    Ok(vec![
        ("config.yaml", text),
        ("README.txt", README.replace('\n', "\r\n").into_bytes()),
    ])
}

/// A config that a node would refuse is refused here.
fn checked(path: &Path) -> Result<Vec<u8>> {
    let text = file::read(path)?;
    match os_config::parse_config(&path.display().to_string(), &text) {
        Ok(_) => Ok(text),
        Err(report) => Err(Error::Wrong(format!(
            "{} is not baked in, a node would refuse it:\n{report}",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_a_config_that_a_node_takes() {
        let files = files(None).expect("sample");
        assert_eq!(files[0].0, "config.yaml");
        os_config::parse_config("sample", &files[0].1).expect("valid");
        assert!(
            !String::from_utf8_lossy(&files[1].1)
                .replace("\r\n", "")
                .contains('\n'),
            "every line ends in CR LF"
        );
    }

    #[test]
    fn a_wrong_config_is_refused_with_its_line() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("mine.yaml");
        std::fs::write(&path, "version: 1\nhostnam: a\n").expect("written");
        let error = files(Some(&path)).expect_err("unknown key").to_string();
        assert!(
            error.contains("mine.yaml") && error.contains("hostnam") && error.contains("hostname"),
            "{error}"
        );
        let missing = files(Some(&dir.path().join("none.yaml")))
            .expect_err("no file")
            .to_string();
        assert!(missing.contains("none.yaml"), "{missing}");
    }
}
