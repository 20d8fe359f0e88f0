//! What a machine's disk was made from, written down beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The file in the machine's folder.
const FILE: &str = "origin.json";

/// Board, image and configuration of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The board, which a kept machine stays.
    pub(super) board: String,
    /// The image's [`identity`], if it is known.
    pub(super) image: Option<String>,
    /// What was last put on CONFIG.
    pub(super) config: Option<String>,
}

impl Origin {
    /// The one in `dir`; `None` when there is no machine, or nothing was written down about it.
    pub(super) fn read(dir: &Path) -> anyhow::Result<Option<Self>> {
        Ok(machine::read_json(&dir.join(FILE))?)
    }

    /// Replaces the one in `dir`, in one step.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        Ok(machine::write_json(&dir.join(FILE), self)?)
    }
}

/// What tells the content of one image from another's: the digest that the builder leaves beside it, else length and age.
pub(super) fn identity(image: &Path) -> anyhow::Result<String> {
    let unpacked = image.with_extension("");
    let raw = match image.extension() {
        Some(ending) if ending == "zst" => &unpacked,
        _ => image,
    };
    let digest = PathBuf::from(format!("{}.zst.sha256", raw.display()));
    if let Some(word) = fs::read_to_string(digest)
        .ok()
        .and_then(|text| text.split_whitespace().next().map(str::to_owned))
    {
        return Ok(word);
    }
    let data = fs::metadata(image)
        .with_context(|| format!("cannot find the image {}", image.display()))?;
    let age = data.modified()?.duration_since(UNIX_EPOCH)?;
    Ok(format!("{} bytes of {}", data.len(), age.as_nanos()))
}

/// What to say when a kept disk was made from another image than the one at `path`.
pub(super) fn note(made_from: &str, image: &str, path: &Path) -> Option<String> {
    (made_from != image).then(|| {
        format!(
            "the machine's disk was made from another image than {}; it is kept; --fresh makes a new one",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_digest_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("holdfast_0.1.0_b.img");
        let packed = folder.path().join("holdfast_0.1.0_b.img.zst");
        fs::write(&image, "1").unwrap();
        fs::write(&packed, "22").unwrap();
        let age = identity(&image).unwrap();
        assert!(age.starts_with("1 bytes of "), "{age}");
        assert_ne!(identity(&packed).unwrap(), age);
        let digest = folder.path().join("holdfast_0.1.0_b.img.zst.sha256");
        fs::write(&digest, "abc  holdfast_0.1.0_b.img.zst\n").unwrap();
        for image in [&image, &packed] {
            assert_eq!(identity(image).unwrap(), "abc");
        }
    }

    #[test]
    fn only_another_image_is_worth_a_word() {
        let path = Path::new("x.img");
        assert_eq!(note("abc", "abc", path), None);
        assert_eq!(
            note("def", "abc", path).as_deref(),
            Some(
                "the machine's disk was made from another image than x.img; it is kept; --fresh makes a new one"
            )
        );
    }

    #[test]
    fn what_was_written_down_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Origin::read(folder.path()).unwrap(), None);
        let origin = Origin {
            board: "nuc".to_owned(),
            image: Some("abc".to_owned()),
            config: Some("version: 1\n".to_owned()),
        };
        origin.write(folder.path()).unwrap();
        assert_eq!(Origin::read(folder.path()).unwrap(), Some(origin));
    }
}
