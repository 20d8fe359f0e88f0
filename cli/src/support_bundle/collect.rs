//! Carries out the table of parts: one match, no decisions but those about bounds.

use super::found::Found;
use super::parts::{From, PARTS, Part};
use super::secrets::Secrets;
use host::{Command, with_causes};
use init_api::Root;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

/// As much of one file is taken: its end.
const LARGEST: u64 = 1 << 20;
/// As much of all files together.
const LARGEST_ALL: usize = 40 << 20;
/// Files of one folder.
const MOST_FILES: usize = 200;

/// Collects every part. What is left when the time is over, or there is too much, is named with that as the reason.
pub(super) fn all(root: &Root, secrets: &Secrets, deadline: Instant) -> Vec<Found> {
    let mut all = Vec::new();
    let mut size = 0;
    for part in PARTS {
        if Instant::now() >= deadline {
            let why = "left out: collecting took too long".to_owned();
            all.push(Found::new(part.name, Err(why)));
            continue;
        }
        for mut found in one(root, part, secrets, deadline) {
            found.text = match found.text {
                Ok(text) => {
                    let text = secrets.blot(&text);
                    size += text.len();
                    if size > LARGEST_ALL {
                        size -= text.len();
                        Err("left out: the bundle would be too large".to_owned())
                    } else {
                        Ok(text)
                    }
                }
                Err(why) => Err(secrets.blot(&why)),
            };
            all.push(found);
        }
    }
    all
}

fn one(root: &Root, part: &Part, secrets: &Secrets, deadline: Instant) -> Vec<Found> {
    let alone = |text| vec![Found::new(part.name, text)];
    match part.from {
        From::Program(words, seconds) => {
            let left = deadline.saturating_duration_since(Instant::now());
            let within = left.min(Duration::from_secs(seconds));
            alone(said(root, words, within))
        }
        From::File(path) => alone(end_of(&root.path(path)).map_err(|error| error.to_string())),
        From::Folder(path, endings) => {
            let mut files = Vec::new();
            match folder(&root.path(path), part.name, endings, 2, &mut files) {
                Ok(()) if files.is_empty() => alone(Err("there is no such file".to_owned())),
                Ok(()) => files,
                Err(error) => alone(Err(error.to_string())),
            }
        }
        From::Listing(path, depth) => {
            let mut text = String::new();
            let listed = list(&root.path(path), depth, &mut text);
            alone(listed.map(|()| text).map_err(|error| error.to_string()))
        }
        From::Configuration => secrets.configuration(part.name),
    }
}

/// What a program prints; with what it says about errors, if it did not end well.
fn said(root: &Root, words: &[&str], within: Duration) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    let command = Command::new(root.path(program)).args(arguments);
    let output = command
        .within(within)
        .run_to_any_end()
        .map_err(|error| with_causes(&error))?;
    let mut text = output.text();
    if !output.status.success() {
        if text.is_empty() {
            return Err(format!("{}: {}", output.status, output.said()));
        }
        let _ = write!(text, "\n({}: {})\n", output.status, output.said());
    }
    Ok(cut(text))
}

/// The end of a text, at a line's beginning.
fn cut(text: String) -> String {
    let largest = usize::try_from(LARGEST).unwrap_or(usize::MAX);
    let Some(mut from) = text.len().checked_sub(largest).filter(|from| *from > 0) else {
        return text;
    };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let line = text[from..].find('\n').map_or(from, |end| from + end + 1);
    format!("({line} bytes before this are left out)\n{}", &text[line..])
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    // Nothing that waits for a writer, and no device.
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    // One byte more, so that the cut is told.
    let from = about.len().saturating_sub(LARGEST + 1);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    // Files of the kernel say that they have no length.
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(cut(String::from_utf8_lossy(&bytes).into_owned()))
}

/// A folder that is not there gives nothing.
fn folder(
    path: &Path,
    name: &str,
    endings: &[&str],
    depth: usize,
    files: &mut Vec<Found>,
) -> io::Result<()> {
    for (file, path) in entries(path)? {
        if files.len() >= MOST_FILES {
            break;
        }
        let inner = format!("{name}/{file}");
        let about = fs::symlink_metadata(&path)?;
        if about.is_dir() && depth > 1 {
            folder(&path, &inner, endings, depth - 1, files)?;
        } else if about.is_file() && endings.iter().any(|ending| file.ends_with(ending)) {
            let text = end_of(&path).map_err(|error| error.to_string());
            files.push(Found::new(inner, text));
        }
    }
    Ok(())
}

fn list(path: &Path, depth: usize, text: &mut String) -> io::Result<()> {
    for (_, path) in entries(path)? {
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        let shown = path.display();
        let (size, kind) = if about.is_dir() {
            (0, "/")
        } else {
            (about.len(), "")
        };
        let age = about.modified().ok().and_then(|time| time.elapsed().ok());
        let age = age.map_or(0, |age| age.as_secs());
        let _ = writeln!(text, "{size:>12} {age:>10}s {shown}{kind}");
        if about.is_dir() && depth > 1 {
            list(&path, depth - 1, text)?;
        }
    }
    Ok(())
}

/// Sorted by name; of a folder that is not there, none.
fn entries(path: &Path) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all: Vec<_> = entries
        .flatten()
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect();
    all.sort();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, cut, end_of};
    use std::fs;

    #[test]
    fn of_what_is_too_long_the_end_is_taken() {
        assert_eq!(cut("short\n".into()), "short\n");
        let largest = usize::try_from(LARGEST).unwrap();
        let text = format!("{}\nthe end\n", "ä".repeat(largest));
        let kept = cut(text.clone());
        assert!(kept.ends_with(")\nthe end\n"), "{}", &kept[..80]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, text).unwrap();
        let read = end_of(&path).unwrap();
        assert!(read.contains("are left out") && read.ends_with("\nthe end\n"));
        assert!(end_of(folder.path()).is_err(), "a folder");
    }
}
