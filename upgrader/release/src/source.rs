//! Where a repository is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// A web server or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On a server. The address ends in `/`.
    Url(Url),
    /// In a folder, as on a stick.
    Folder(PathBuf),
}

/// A text does not say where a repository is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} does not say where a repository is: {why}; give https://…, http://… or the full path of a folder"
)]
pub struct SourceError {
    text: String,
    why: String,
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = |why: String| SourceError {
            text: text.to_owned(),
            why,
        };
        if text.starts_with('/') {
            return Ok(Source::Folder(PathBuf::from(text)));
        }
        let mut url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        match url.scheme() {
            "file" => url
                .to_file_path()
                .map(Source::Folder)
                .map_err(|()| wrong("it is not the path of a folder".to_owned())),
            "http" | "https" => {
                if !url.path().ends_with('/') {
                    url.set_path(&format!("{}/", url.path()));
                }
                url.set_query(None);
                url.set_fragment(None);
                Ok(Source::Url(url))
            }
            other => Err(wrong(format!("{other} is not known"))),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Url(url) => out.write_str(&shown(url)),
            Source::Folder(folder) => folder.display().fmt(out),
        }
    }
}

/// An address for people and logs, without name and password.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // An address that cannot have them stays as it is.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn what_is_given_and_what_is_shown() {
        for (text, expected) in [
            (
                "https://releases.example/holdfast",
                Ok("https://releases.example/holdfast/"),
            ),
            (
                "http://releases.example:8000/",
                Ok("http://releases.example:8000/"),
            ),
            (
                "https://me:secret@releases.example/a?b#c",
                Ok("https://releases.example/a/"),
            ),
            ("/media/stick", Ok("/media/stick")),
            ("file:///media/a%20stick", Ok("/media/a stick")),
            ("file://host/stick", Err("not the path of a folder")),
            ("ftp://releases.example", Err("ftp is not known")),
            ("stick", Err("relative URL without a base")),
        ] {
            match (text.parse::<Source>(), expected) {
                (Ok(source), Ok(expected)) => assert_eq!(source.to_string(), expected),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{text}: {error}");
                }
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
    }
}
