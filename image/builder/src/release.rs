//! What an image is: version, time, kernel, parts.

use crate::error::{Error, Result};
use crate::program::Program;
use crate::project::Project;
use serde::Serialize;
use std::collections::BTreeMap;

/// `release.json` in the image and in the initramfs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Release {
    pub(crate) version: String,
    /// Seconds since 1970; no node's clock stands before it.
    pub(crate) build_time: u64,
    pub(crate) arch: String,
    pub(crate) kernel: String,
    /// The version of Kubernetes, such as `1.36.3`.
    pub(crate) kubernetes: String,
    /// Versions of what is inside, by name.
    pub(crate) components: BTreeMap<String, String>,
}

impl Release {
    pub(crate) fn json(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self).map_err(Error::format("release.json"))?;
        text.push(b'\n');
        Ok(text)
    }

    /// `/etc/os-release`.
    pub(crate) fn os_release(&self) -> String {
        self.os_release_as("holdfast")
    }

    /// What the boot menu's entry for maintenance says of itself. systemd-boot sorts entries by `IMAGE_ID`, and starts the first one
    /// when nobody chooses: this one must come after every entry that starts the system, of whatever version. Its profile's number
    /// does not see to that: systemd-boot 257 puts the second profile first when the file's name has a counter
    /// (<https://github.com/systemd/systemd/pull/39848>), and so it would start every release on trial in maintenance mode.
    pub(crate) fn os_release_of_maintenance(&self) -> String {
        self.os_release_as("holdfast-maintenance")
    }

    fn os_release_as(&self, image: &str) -> String {
        let version = &self.version;
        format!(
            "NAME=\"Holdfast\"\nID=holdfast\nID_LIKE=debian\nVERSION=\"{version}\"\nVERSION_ID={version}\nPRETTY_NAME=\"Holdfast {version}\"\n\
             IMAGE_ID={image}\nIMAGE_VERSION={version}\nANSI_COLOR=\"0;36\"\n"
        )
    }
}

/// When the sources were made: `SOURCE_DATE_EPOCH` if set, else the time of the last commit.
pub(crate) fn build_time(project: &Project, source_date_epoch: Option<&str>) -> Result<u64> {
    let text = match source_date_epoch {
        Some(text) => text.to_owned(),
        None => Program::new("git")
            .in_folder(project.root())
            .args(["log", "-1", "--format=%ct"])
            .text()?,
    };
    let seconds = text.trim().parse().ok().filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| {
        Error::Wrong(format!(
            "{:?} is not a time in seconds since 1970: correct SOURCE_DATE_EPOCH",
            text.trim()
        ))
    })
}

/// A version becomes a file name on the boot partition and part of one, so it must be plain.
pub(crate) fn check_version(version: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
    if !version.is_empty()
        && version.len() <= 40
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(plain)
    {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "version {version:?} cannot be used: it must begin with a digit and have only letters, digits, '.', '-', '_', '~' (no '+', which counts boots)"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (version, good) in [
            ("0.1.0", true),
            ("1.2.3-rc1", true),
            ("", false),
            ("v1", false),
            ("1+2", false),
            ("1/2", false),
            ("1 2", false),
        ] {
            assert_eq!(check_version(version).is_ok(), good, "{version:?}");
        }
    }

    #[test]
    fn build_times() {
        let project =
            Project::find(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
        assert_eq!(
            build_time(&project, Some("1700000000")).expect("number"),
            1_700_000_000
        );
        assert!(
            build_time(&project, Some("yesterday"))
                .expect_err("word")
                .to_string()
                .contains("SOURCE_DATE_EPOCH")
        );
    }
}
