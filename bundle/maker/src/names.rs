//! Names of images and platforms as people write them.

use crate::error::MakeError;
use oci_client::Reference;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// An architecture that images are wanted for; the system is always Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Platform {
    /// As image configurations call it.
    pub const fn architecture(self) -> &'static str {
        match self {
            Platform::Amd64 => "amd64",
            Platform::Arm64 => "arm64",
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Platform, String> {
        match text {
            "amd64" | "linux/amd64" => Ok(Platform::Amd64),
            "arm64" | "linux/arm64" => Ok(Platform::Arm64),
            _ => Err(format!("{text:?} is no platform of ours: amd64 or arm64")),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "linux/{}", self.architecture())
    }
}

/// A list of images: a name in each line, `#` begins a comment.
///
/// # Errors
/// The first line that is none.
pub fn parse_list(path: &Path, text: &str) -> Result<BTreeSet<String>, MakeError> {
    let mut names = BTreeSet::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let name = full_name(line).map_err(|why| MakeError::Name {
            path: path.to_owned(),
            line: number + 1,
            text: line.to_owned(),
            why,
        })?;
        names.insert(name);
    }
    Ok(names)
}

/// The name that a kubelet asks containerd for: `nginx` is `docker.io/library/nginx:latest`, and a tag beside a digest counts for
/// nothing.
///
/// # Errors
/// Why it is none.
pub(crate) fn full_name(text: &str) -> Result<String, String> {
    Ok(name_of(&parse(text)?))
}

pub(crate) fn parse(text: &str) -> Result<Reference, String> {
    Reference::try_from(text).map_err(|error| error.to_string())
}

fn name_of(reference: &Reference) -> String {
    let (registry, repository) = (reference.registry(), reference.repository());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => format!("{registry}/{repository}@{digest}"),
        (None, tag) => format!("{registry}/{repository}:{}", tag.unwrap_or("latest")),
    }
}

#[cfg(test)]
mod tests {
    use super::{full_name, parse_list};
    use std::path::Path;

    #[test]
    fn names_as_the_kubelet_asks_for_them() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, expected) in [
            ("nginx", Ok("docker.io/library/nginx:latest".to_owned())),
            ("nginx:1.27", Ok("docker.io/library/nginx:1.27".to_owned())),
            (
                "grafana/grafana:12",
                Ok("docker.io/grafana/grafana:12".to_owned()),
            ),
            ("quay.io/a/b", Ok("quay.io/a/b:latest".to_owned())),
            ("localhost:5000/a:1", Ok("localhost:5000/a:1".to_owned())),
            (
                &format!("nginx:1.27@{digest}"),
                Ok(format!("docker.io/library/nginx@{digest}")),
            ),
            ("Nginx", Err("invalid reference")),
            ("a b", Err("invalid reference")),
            ("", Err("at least one component")),
        ] {
            match (full_name(text), expected) {
                (Ok(name), Ok(expected)) => assert_eq!(name, expected, "{text}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_list_has_comments_and_names_its_bad_line() {
        let path = Path::new("images.txt");
        let list = parse_list(
            path,
            "\u{feff}nginx # web\r\n# ours\r\n\nnginx:latest\nredis:7\n",
        )
        .unwrap();
        let list: Vec<_> = list.iter().map(String::as_str).collect();
        assert_eq!(
            list,
            [
                "docker.io/library/nginx:latest",
                "docker.io/library/redis:7"
            ]
        );
        let error = parse_list(path, "nginx\nRedis:7\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("images.txt, line 2: \"Redis:7\""),
            "{error}"
        );
    }
}
