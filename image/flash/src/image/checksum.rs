//! The digest file beside an image: `IMAGE.sha256`, as `sha256sum` writes it.

use super::ImageError;
use std::io;
use std::path::{Path, PathBuf};

/// What is known of a file's SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sum {
    /// It is the one that this file says.
    Right {
        /// Lower-case hexadecimal.
        digest: String,
        /// The digest file.
        path: PathBuf,
    },
    /// There is no such file.
    NotSaid {
        /// Where it would be.
        path: PathBuf,
    },
}

/// Compares the image's digest with what the file beside it says, if there is one.
pub(super) fn check(image: &Path) -> Result<Sum, ImageError> {
    let path = beside(image);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Sum::NotSaid { path }),
        Err(source) => return Err(ImageError::Sum { path, source }),
    };
    let name = image
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let Some(expected) = said(&text, &name) else {
        return Err(ImageError::NoSum { path, name });
    };
    let found = host::digest::of_file(image).map_err(ImageError::Read)?;
    if found == expected {
        Ok(Sum::Right {
            digest: found,
            path,
        })
    } else {
        Err(ImageError::OtherSum {
            path,
            expected,
            found,
        })
    }
}

fn beside(image: &Path) -> PathBuf {
    let mut path = image.as_os_str().to_owned();
    path.push(".sha256");
    path.into()
}

/// The digest of `name`. A file with one digest and nothing else is of the image that it lies beside; so is one whose image
/// was given another name.
fn said(text: &str, name: &str) -> Option<String> {
    let lines: Vec<(&str, &str)> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
        .collect();
    let of_name = |(_, of): &&(&str, &str)| of.trim_start().trim_start_matches('*') == name;
    let (digest, _) = match lines.as_slice() {
        [only] => only,
        many => many.iter().find(of_name)?,
    };
    let whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| digest.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{Sum, check, said};
    use std::fs;

    #[test]
    fn as_sha256sum_writes_it_and_nothing_else() {
        let (one, two) = ("a".repeat(64), "B".repeat(64));
        for (text, expected) in [
            (format!("{one}  x.img\n"), Some(one.clone())),
            (format!("{one} *x.img\n"), Some(one.clone())),
            (one.clone(), Some(one.clone())),
            (format!("{two}  renamed.img\n"), Some(two.to_lowercase())),
            (
                format!("{one}  y.img\n{two}  x.img\n"),
                Some(two.to_lowercase()),
            ),
            (format!("{one}  y.img\n{two}  z.img\n"), None),
            (String::new(), None),
            ("404 not found".to_owned(), None),
            (one[..63].to_owned(), None),
        ] {
            assert_eq!(said(&text, "x.img"), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_digest_names_both() {
        let folder = tempfile::tempdir().expect("folder");
        let image = folder.path().join("x.img");
        fs::write(&image, b"abc").expect("written");
        assert!(matches!(check(&image), Ok(Sum::NotSaid { .. })));
        let sum = folder.path().join("x.img.sha256");
        let right = host::digest::of_bytes(b"abc");
        fs::write(&sum, format!("{right}  x.img\n")).expect("written");
        assert!(matches!(check(&image), Ok(Sum::Right { digest, .. }) if digest == right));
        fs::write(&image, b"abd").expect("written");
        let wrong = check(&image).expect_err("another digest").to_string();
        assert!(
            wrong.contains(&right) && wrong.contains("x.img.sha256"),
            "{wrong}"
        );
    }
}
