//! The files of the CONFIG partition.

use crate::error::{Error, Result};
use crate::file;
use std::path::{Path, PathBuf};

/// Shown to whoever opens the partition; lines end as the plainest editor of Windows wants them.
const README: &str = "Holdfast\n\
    \n\
    config.yaml is all there is to set. Change it with any text editor, save it as plain text (UTF-8), put the card or\n\
    disk back, and switch the machine on. It comes up as a Kubernetes node in a few minutes.\n\
    \n\
    If something in config.yaml is wrong, the machine says what and where on its screen and waits for a corrected one.\n\
    The keys are explained in config.yaml itself and in docs/config.md of the source code.\n";

/// The note of an image that takes no other configuration.
const SIGNED: &str = "This image takes config.yaml only with a file config.yaml.sig beside it, and each time that config.yaml changes,\n\
    with a new one. Who has the key makes it:\n\
    \n\
    holdfast config sign --key KEY config.yaml\n";

/// `config.yaml` (the user's, checked, or the commented sample), its signatures if they are beside it, and notes. An image that asks
/// for signatures says so.
pub(crate) fn files(
    config: Option<&Path>,
    must_be_signed: bool,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let text = match config {
        Some(path) => checked(path)?,
        None => os_config::sample().as_bytes().to_vec(),
    };
    let note = |text: &str| text.replace('\n', "\r\n").into_bytes();
    let mut files = vec![("config.yaml", text), ("README.txt", note(README))];
    let signatures = config.map(signatures_of).filter(|path| path.is_file());
    match (signatures, config) {
        (Some(path), _) => files.push((os_config::SIGNATURES, file::read(&path)?)),
        (None, Some(path)) if must_be_signed => {
            return Err(Error::Wrong(format!(
                "{} is not baked in: the image takes only signed ones. Sign it with `holdfast config sign`",
                path.display()
            )));
        }
        (None, _) => {}
    }
    if must_be_signed {
        files.push((os_config::SIGNED_NOTE, note(SIGNED)));
    }
    Ok(files)
}

fn signatures_of(config: &Path) -> PathBuf {
    let mut name = config.as_os_str().to_owned();
    name.push(".sig");
    name.into()
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
        let files = files(None, false).expect("sample");
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
        let error = files(Some(&path), false)
            .expect_err("unknown key")
            .to_string();
        assert!(
            error.contains("mine.yaml") && error.contains("hostnam") && error.contains("hostname"),
            "{error}"
        );
        let missing = files(Some(&dir.path().join("none.yaml")), false)
            .expect_err("no file")
            .to_string();
        assert!(missing.contains("none.yaml"), "{missing}");
    }

    #[test]
    fn an_image_that_asks_for_signatures_says_so_and_bakes_in_no_other() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("mine.yaml");
        std::fs::write(&path, "version: 1\n").expect("written");
        let names = |config, strict| -> Vec<&str> {
            let files = files(config, strict).expect("files");
            files.iter().map(|(name, _)| *name).collect()
        };
        assert_eq!(names(Some(&path), false), ["config.yaml", "README.txt"]);
        assert_eq!(names(None, true)[2..], ["SIGNED.txt"]);
        let error = files(Some(&path), true).expect_err("unsigned").to_string();
        assert!(error.contains("holdfast config sign"), "{error}");
        std::fs::write(dir.path().join("mine.yaml.sig"), "x").expect("written");
        assert_eq!(names(Some(&path), false)[2..], ["config.yaml.sig"]);
        assert_eq!(
            names(Some(&path), true)[2..],
            ["config.yaml.sig", "SIGNED.txt"]
        );
    }
}
