//! Lets apt resolve names into exact packages, in an apt root of its own that knows of nothing installed.

use super::backports;
use super::lock::{Lock, LockedPackage};
use super::mirror::Mirror;
use super::patterns::Patterns;
use super::wanted::Wanted;
use crate::error::{Error, Result};
use crate::file;
use crate::program::Program;
use std::path::{Path, PathBuf};

pub(crate) const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Options of the machine's own apt cannot switch signatures off: these win over its files.
const SIGNED: [&str; 4] = [
    "APT::Get::AllowUnauthenticated=false",
    "Acquire::AllowInsecureRepositories=false",
    "Acquire::AllowWeakRepositories=false",
    "Acquire::AllowDowngradeToInsecureRepositories=false",
];

/// What an apt of our own knows.
#[derive(Debug, Default)]
pub(crate) struct Archives<'a> {
    /// Lines of a sources.list.
    pub(crate) sources: String,
    /// The architecture, in Debian's words.
    pub(crate) arch: &'a str,
    /// Another one whose packages are there as well.
    pub(crate) foreign: Option<&'a str>,
    /// Which packages are preferred from which suite.
    pub(crate) preferences: String,
}

impl<'a> Archives<'a> {
    /// A suite with its updates, and with its backports if something is named that comes from there.
    pub(crate) fn of(
        mirror: &Mirror,
        (suite, components): (&str, &[String]),
        arch: &'a str,
        named: &Patterns,
    ) -> Self {
        Self {
            sources: mirror.sources(suite, components, KEYRING, !named.is_empty()),
            arch,
            foreign: None,
            preferences: backports::preferences(suite, named),
        }
    }
}

/// An apt of our own: its lists, its sources, no installed packages. Proxy settings of the machine still hold.
pub(crate) struct AptRoot {
    root: PathBuf,
    arch: String,
    archs: String,
}

impl AptRoot {
    /// Makes the folders and files apt wants and fetches the package lists.
    pub(crate) fn prepare(root: &Path, archives: &Archives<'_>) -> Result<Self> {
        if !Path::new(KEYRING).is_file() {
            return Err(Error::Wrong(format!(
                "{KEYRING} is missing: run tools/setup, or install the package debian-archive-keyring"
            )));
        }
        for folder in ["state/lists/partial", "cache/archives/partial", "etc"] {
            file::folder(&root.join(folder))?;
        }
        file::write(&root.join("status"), b"")?;
        for (name, text) in [
            ("sources.list", &archives.sources),
            ("preferences", &archives.preferences),
        ] {
            file::write(&root.join("etc").join(name), text.as_bytes())?;
        }
        let archs: Vec<&str> = [archives.arch]
            .into_iter()
            .chain(archives.foreign)
            .collect();
        let apt = Self {
            root: root.to_owned(),
            arch: archives.arch.to_owned(),
            archs: archs.join(","),
        };
        apt.run(&["update"], &[])?;
        Ok(apt)
    }

    fn run(&self, verb: &[&str], packages: &[&str]) -> Result<String> {
        let at = |name: &str| self.root.join(name).display().to_string();
        let options = [
            format!("Dir::State={}", at("state")),
            format!("Dir::State::status={}", at("status")),
            format!("Dir::Cache={}", at("cache")),
            format!("Dir::Etc::sourcelist={}", at("etc/sources.list")),
            "Dir::Etc::sourceparts=/dev/null".into(),
            format!("Dir::Etc::preferences={}", at("etc/preferences")),
            "Dir::Etc::preferencesparts=/dev/null".into(),
            format!("APT::Architecture={}", self.arch),
            format!("APT::Architectures={}", self.archs),
            "APT::Sandbox::User=".into(),
            "APT::Install-Recommends=false".into(),
            "Acquire::Languages=none".into(),
            "Acquire::ForceHash=SHA256".into(),
            "Acquire::Retries=3".into(),
            "APT::Update::Error-Mode=any".into(),
        ];
        let options = options.into_iter().chain(SIGNED.map(str::to_owned));
        let options: Vec<String> = options.collect();
        let options = options.iter().flat_map(|option| ["-o", option]);
        Program::new("apt-get")
            .arg("-q")
            .args(options)
            .args(verb)
            .args(packages)
            .text()
    }

    /// The download lines for these packages and all they depend on.
    pub(crate) fn uris(&self, packages: &[&str]) -> Result<String> {
        self.run(
            &[
                "install",
                "--no-install-recommends",
                "--print-uris",
                "--yes",
            ],
            packages,
        )
    }

    /// The download lines for these packages alone.
    fn own_uris(&self, packages: &[&str]) -> Result<String> {
        self.run(&["download", "--print-uris"], packages)
    }
}

/// Resolves what is wanted into a lock.
pub(crate) fn resolve(apt: &AptRoot, wanted: &Wanted, mirror: &Mirror) -> Result<Lock> {
    let names: Vec<&str> = wanted.packages.iter().map(String::as_str).collect();
    let mut packages = parse_uris(&apt.uris(&names)?, mirror)?;
    if !wanted.alone.is_empty() {
        let alone: Vec<&str> = wanted.alone.iter().map(String::as_str).collect();
        packages.extend(parse_uris(&apt.own_uris(&alone)?, mirror)?);
    }
    backports::check(&packages, &wanted.backports)?;
    packages.retain(|package| !wanted.without.contains(&package.name));
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Lock { packages })
}

/// Reads apt's `'URL' file size SHA256:digest` lines.
pub(crate) fn parse_uris(text: &str, mirror: &Mirror) -> Result<Vec<LockedPackage>> {
    let lines = text.lines().filter(|line| line.starts_with('\''));
    lines
        .map(|line| {
            parse_uri(line, mirror).ok_or_else(|| {
                Error::Wrong(format!(
                    "apt answered with a line that is not understood: {line}"
                ))
            })
        })
        .collect()
}

fn parse_uri(line: &str, mirror: &Mirror) -> Option<LockedPackage> {
    let (url, rest) = line.strip_prefix('\'')?.split_once('\'')?;
    let mut fields = rest.split_whitespace();
    let file = fields.next()?.strip_suffix(".deb")?;
    let size = fields.next()?.parse().ok()?;
    let sha256 = fields.next()?.strip_prefix("SHA256:")?.to_owned();
    let mut parts = file.splitn(3, '_');
    let (name, version, arch) = (parts.next()?, parts.next()?, parts.next()?);
    let (archive, path) = mirror.split(url)?;
    Some(LockedPackage {
        name: name.to_owned(),
        version: unescape(version),
        arch: arch.to_owned(),
        archive,
        path: unescape(path),
        size,
        sha256,
    })
}

/// apt writes a few characters as %xx in URLs and file names.
fn unescape(text: &str) -> String {
    ["%3a:", "%3A:", "%7e~", "%7E~", "%2b+", "%2B+"]
        .into_iter()
        .fold(text.to_owned(), |text, pair| {
            text.replace(&pair[..3], &pair[3..])
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::lock::Archive;

    #[test]
    fn apt_lines_become_packages() {
        let mirror = Mirror::named("http://m.test/debian");
        let text = "Reading package lists...\n\
            'http://m.test/debian-security/pool/main/o/openssh/openssh-server_10.0p1-7%2bdeb13u4_amd64.deb' \
            openssh-server_1%3a10.0p1-7+deb13u4_amd64.deb 602372 SHA256:ab\n";
        let got = parse_uris(text, &mirror).expect("parsed");
        assert_eq!(
            got,
            [LockedPackage {
                name: "openssh-server".into(),
                version: "1:10.0p1-7+deb13u4".into(),
                arch: "amd64".into(),
                archive: Archive::Security,
                path: "pool/main/o/openssh/openssh-server_10.0p1-7+deb13u4_amd64.deb".into(),
                size: 602_372,
                sha256: "ab".into(),
            }]
        );
    }

    /// Runs the test below with a file of options as a machine's administrator may have one.
    #[test]
    fn a_machine_that_trusts_everything_is_not_believed() {
        let folder = tempfile::tempdir().expect("folder");
        let options = folder.path().join("apt.conf");
        let trusting = "APT::Get::AllowUnauthenticated \"true\";\n\
            Acquire::AllowInsecureRepositories \"true\";\nAcquire::AllowWeakRepositories \"true\";\n";
        std::fs::write(&options, trusting).expect("written");
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "packages::resolve::tests::inner_unsigned",
                "--ignored",
                "--nocapture",
            ])
            .env("APT_CONFIG", &options)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    }

    #[test]
    #[ignore = "started by a_machine_that_trusts_everything_is_not_believed"]
    fn inner_unsigned() {
        let folder = tempfile::tempdir().expect("folder");
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).expect("made");
        std::fs::write(repository.join("Packages"), "").expect("written");
        let sources = format!(
            "deb [signed-by={KEYRING}] file:{} ./\n",
            repository.display()
        );
        let archives = Archives {
            sources,
            arch: "amd64",
            ..Archives::default()
        };
        let refused = AptRoot::prepare(&folder.path().join("apt"), &archives);
        let Err(error) = refused else {
            panic!("a repository without a signature was taken")
        };
        assert!(
            error.to_string().contains("does not have a Release file"),
            "{error}"
        );
    }

    #[test]
    fn a_line_from_nowhere_is_an_error() {
        let mirror = Mirror::named("http://m.test/debian");
        for line in [
            "'http://x.test/a_1_all.deb' a_1_all.deb 1 SHA256:00",
            "'http://m.test/debian/a_1_all.deb' a_1_all.deb 1 MD5Sum:00",
        ] {
            parse_uris(line, &mirror).expect_err(line);
        }
    }
}
