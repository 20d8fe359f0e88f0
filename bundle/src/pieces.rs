//! A file that is larger than what some sticks hold lies in pieces: `NAME.1`, `NAME.2` and so on, one after the other.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file of a bundle's images: half of what FAT32 does not hold any more.
pub const LARGEST_FILE: u64 = 2 << 30;

/// The path of a piece, counted from 1.
pub fn piece(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Reads a file, whole or in pieces.
#[derive(Debug)]
pub struct Pieces {
    path: PathBuf,
    file: File,
    /// The piece that is read; none of a whole file.
    number: Option<u32>,
}

impl Pieces {
    /// Opens the file at `path`, or its first piece.
    ///
    /// # Errors
    /// There is neither, or it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Pieces> {
        let whole = |file| (file, None);
        let first = |missing: io::Error| match missing.kind() {
            io::ErrorKind::NotFound => match File::open(piece(path, 1)) {
                Ok(file) => Ok((file, Some(1))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing),
                Err(error) => Err(error),
            },
            _ => Err(missing),
        };
        let (file, number) = File::open(path).map(whole).or_else(first)?;
        Ok(Pieces {
            path: path.to_owned(),
            file,
            number,
        })
    }

    /// When reading came to its end: which piece would be next. None of a whole file.
    pub(crate) fn missing(&self) -> Option<PathBuf> {
        self.number.map(|number| piece(&self.path, number + 1))
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let Some(number) = self.number.filter(|_| count == 0 && !buffer.is_empty()) else {
            return Ok(count);
        };
        match File::open(piece(&self.path, number + 1)) {
            Ok(next) => {
                self.file = next;
                self.number = Some(number + 1);
                // An empty piece is none of ours: there the file ends.
                self.file.read(buffer)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pieces, piece};
    use std::fs;
    use std::io::Read;

    /// Its name, the files with what their names end in, and what is read.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>);

    #[test]
    fn pieces_are_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let cases: [Case<'_>; 6] = [
            ("whole", &[("", "abc")], Some("abc")),
            ("whole first", &[("", "abc"), (".1", "x")], Some("abc")),
            (
                "pieces",
                &[(".1", "ab"), (".2", "c"), (".3", "de")],
                Some("abcde"),
            ),
            ("a gap", &[(".1", "ab"), (".3", "de")], Some("ab")),
            ("not the first", &[(".2", "c")], None),
            ("nothing", &[], None),
        ];
        for (case, files, expected) in cases {
            let path = folder.path().join(case);
            for (ending, content) in files {
                fs::write(folder.path().join(format!("{case}{ending}")), content).unwrap();
            }
            let text = Pieces::open(&path).map(|mut pieces| {
                let mut text = String::new();
                pieces.read_to_string(&mut text).unwrap();
                text
            });
            assert_eq!(text.ok().as_deref(), expected, "{case}");
        }
        let name = folder.path().join("a.b");
        assert!(piece(&name, 12).ends_with("a.b.12"));
    }
}
