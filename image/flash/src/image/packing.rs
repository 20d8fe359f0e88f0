//! How an image is packed, by its first bytes: a name can be wrong.

use super::ImageError;
use std::path::Path;

/// What zstd's files begin with (RFC 8878, 3.1.1).
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// What other packers' files begin with.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Zstd,
}

impl Packing {
    pub(super) fn of(path: &Path, first: &[u8]) -> Result<Self, ImageError> {
        if first.starts_with(ZSTD) {
            return Ok(Self::Zstd);
        }
        if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
            return Err(ImageError::OtherPacking(name));
        }
        if path.extension().is_some_and(|ending| ending == "zst") {
            return Err(ImageError::NotPacked);
        }
        Ok(Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::Packing;
    use std::path::Path;

    #[test]
    fn the_content_counts_and_not_the_name() {
        let zstd: &[u8] = b"\x28\xb5\x2f\xfd\x04";
        for (name, first, expected) in [
            ("a.img.zst", zstd, Ok(Packing::Zstd)),
            ("a.img", zstd, Ok(Packing::Zstd)),
            ("a.img", b"\0\0\0\0", Ok(Packing::None)),
            ("a.img.zst", b"\0\0\0\0", Err("not that of zstd")),
            ("a.img.gz", b"\x1f\x8b\x08", Err("packed with gzip")),
            ("a.img.xz", b"\xfd7zXZ\0\0", Err("packed with xz")),
            ("a.zip", b"PK\x03\x04", Err("packed with zip")),
        ] {
            let found = Packing::of(Path::new(name), first).map_err(|error| error.to_string());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name}"),
                (Err(text), Err(part)) => assert!(text.contains(part), "{name}: {text}"),
                (found, expected) => panic!("{name}: {found:?} instead of {expected:?}"),
            }
        }
    }
}
