//! Which Debian mirror to use: the one this machine's apt uses, or the one the user names.

use super::lock::Archive;
use crate::error::{Error, Result};
use crate::program::Program;

/// Where the archives are. Held for this build only, never written into the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    debian: String,
    security: String,
}

impl Mirror {
    /// The mirror the user named; the security archive is taken to be its neighbour.
    #[must_use]
    pub fn named(url: &str) -> Self {
        let debian = url.trim_end_matches('/').to_owned();
        let security = debian
            .strip_suffix("/debian")
            .map_or_else(|| debian.clone(), |base| format!("{base}/debian-security"));
        Self { debian, security }
    }

    /// The mirror this machine's apt is set up with.
    ///
    /// # Errors
    /// When apt has no Debian archive, as on Ubuntu.
    pub fn of_this_machine() -> Result<Self> {
        let targets = Program::new("apt-get")
            .args([
                "indextargets",
                "--format",
                "$(REPO_URI) $(RELEASE)",
                "Created-By: Packages",
            ])
            .text()?;
        Self::among(&targets).ok_or_else(|| {
            Error::Wrong("this machine's apt has no Debian archive: name one with --mirror (for example the URL that ends in /debian)".into())
        })
    }

    /// Picks the archives from apt's list of `URL release` lines.
    fn among(targets: &str) -> Option<Self> {
        let urls = || {
            targets
                .lines()
                .filter_map(|line| line.split_whitespace().next())
                .map(|url| url.trim_end_matches('/'))
        };
        let ending = |name: &str| {
            urls()
                .find(|url| url.rsplit('/').next() == Some(name))
                .map(str::to_owned)
        };
        let named = Self::named(&ending("debian")?);
        Some(Self {
            security: ending("debian-security").unwrap_or(named.security),
            debian: named.debian,
        })
    }

    /// The URL of an archive, without a slash at its end.
    pub(crate) fn url(&self, archive: Archive) -> &str {
        match archive {
            Archive::Debian => &self.debian,
            Archive::Security => &self.security,
        }
    }

    /// Splits a download URL into archive and path.
    pub(crate) fn split<'a>(&self, url: &'a str) -> Option<(Archive, &'a str)> {
        [Archive::Security, Archive::Debian]
            .into_iter()
            .find_map(|archive| {
                Some((
                    archive,
                    url.strip_prefix(self.url(archive))?.strip_prefix('/')?,
                ))
            })
    }

    /// The lines of a sources.list for a suite with its updates, and with its `backports`.
    pub(crate) fn sources(
        &self,
        suite: &str,
        components: &[String],
        keyring: &str,
        backports: bool,
    ) -> String {
        let components = components.join(" ");
        [
            (&self.debian, suite.to_owned()),
            (&self.debian, format!("{suite}-updates")),
            (&self.security, format!("{suite}-security")),
        ]
        .into_iter()
        .chain(backports.then(|| (&self.debian, format!("{suite}-backports"))))
        .map(|(url, release)| format!("deb [signed-by={keyring}] {url} {release} {components}\n"))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_found_in_what_apt_lists() {
        let cases = [
            (
                "both, whatever the order",
                "http://m.test/debian-security/ bookworm-security\nhttp://m.test/debian/ bookworm\n",
                Some(("http://m.test/debian", "http://m.test/debian-security")),
            ),
            (
                "security by neighbourhood",
                "https://m.test/x/debian trixie\n",
                Some((
                    "https://m.test/x/debian",
                    "https://m.test/x/debian-security",
                )),
            ),
            ("Ubuntu", "http://m.test/ubuntu/ noble\n", None),
            (
                "another vendor's list first",
                "https://v.test/apt x\nhttp://m.test/debian trixie",
                Some(("http://m.test/debian", "http://m.test/debian-security")),
            ),
            ("nothing", "", None),
        ];
        for (name, targets, want) in cases {
            let got = Mirror::among(targets);
            assert_eq!(
                got.as_ref()
                    .map(|m| (m.debian.as_str(), m.security.as_str())),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn urls_split_into_archive_and_path() {
        let mirror = Mirror::named("http://m.test/debian/");
        assert_eq!(
            mirror.split("http://m.test/debian/pool/a.deb"),
            Some((Archive::Debian, "pool/a.deb"))
        );
        assert_eq!(
            mirror.split("http://m.test/debian-security/pool/a.deb"),
            Some((Archive::Security, "pool/a.deb"))
        );
        assert_eq!(mirror.split("http://other.test/debian/pool/a.deb"), None);
    }
}
