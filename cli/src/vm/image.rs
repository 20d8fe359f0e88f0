//! Which image a machine is made from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};

/// Where the builder leaves images.
const OUT: &str = "build/out";

/// The image that was asked for, else the newest one built for `board`.
pub(super) fn find(asked: Option<&Path>, board: &str) -> anyhow::Result<PathBuf> {
    match find_if_built(asked, board)? {
        Some(image) => Ok(image),
        None => bail!(
            "no image of board {board} in {OUT}; build one with `make image BOARD={board}`, or name one with --image"
        ),
    }
}

/// Like [`find`]; `None` when none was asked for or built.
pub(super) fn find_if_built(asked: Option<&Path>, board: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(image) = asked else {
        return newest(Path::new(OUT), board);
    };
    fs::metadata(image).with_context(|| format!("cannot find the image {}", image.display()))?;
    Ok(Some(image.to_owned()))
}

/// The newest image; of one age, the uncompressed one.
fn newest(folder: &Path, board: &str) -> anyhow::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let mut best: Option<(SystemTime, bool, PathBuf)> = None;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let raw = name.ends_with(&format!("_{board}.img"));
        if !name.starts_with("holdfast_") || !(raw || name.ends_with(&format!("_{board}.img.zst")))
        {
            continue;
        }
        let age = entry.metadata().and_then(|data| data.modified());
        let candidate = (
            age.with_context(|| format!("cannot read the age of {name}"))?,
            raw,
            entry.path(),
        );
        if best.as_ref().is_none_or(|best| *best < candidate) {
            best = Some(candidate);
        }
    }
    Ok(best.map(|(_, _, path)| path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_image_of_the_board_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest(&folder.path().join("absent"), "b").unwrap(), None);
        let age = |secs| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs);
        for (name, secs) in [
            ("holdfast_1_b.img", 10),
            ("holdfast_1_b.img.zst", 10),
            ("holdfast_1_b.img.zst.sha256", 30),
            ("holdfast_2_other.img", 30),
            ("notes_b.img", 30),
        ] {
            fs::File::create(folder.path().join(name))
                .unwrap()
                .set_modified(age(secs))
                .unwrap();
        }
        let found = |board| {
            newest(folder.path(), board)
                .unwrap()
                .map(|path| path.file_name().unwrap().to_owned())
        };
        assert_eq!(found("b").unwrap(), "holdfast_1_b.img");
        fs::File::create(folder.path().join("holdfast_2_b.img.zst"))
            .unwrap()
            .set_modified(age(20))
            .unwrap();
        assert_eq!(found("b").unwrap(), "holdfast_2_b.img.zst");
        assert_eq!(found("absent"), None);
    }
}
