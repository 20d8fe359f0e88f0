//! What a disk is known by.

use std::fmt;

use super::text::{Invalid, quoted, text_type, text_value};

text_type! {
    /// A disk's device, `/dev/nvme0n1`, or a link to it.
    DevicePath, check_path,
    const PATTERN: &str = r"^/dev/[A-Za-z0-9_:.+@#=,/-]+$";
}
text_type! {
    /// A disk's model or serial number, or a part of it: one line, not empty.
    DiskName, check_name,
    const PATTERN: &str = r"^[ \t]*[^\x00-\x20\x7f-\x9f][^\x00-\x08\x0a-\x1f\x7f-\x9f]*$";
    const LOOSE: bool = true;
}

/// A number of bytes, written with its unit: `100 GB`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct ByteSize(u64);

text_value! {
    ByteSize => ByteSize, ByteSize::parse,
    const PATTERN: &str = r"^[0-9]{1,9}(\.[0-9]{1,3})? ?(MB|GB|TB|MiB|GiB|TiB)$";
}

/// The units, with their bytes.
const UNITS: [(&str, u64); 6] = [
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

impl ByteSize {
    /// Reads a number with a unit: `100 GB`, `1.5TB`, `64 GiB`.
    ///
    /// # Errors
    /// [`Invalid`] when it is no such number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                format!("{} is not a size", quoted(text)),
                "write a number and its unit, such as 100 GB, 1.5 TB or 64 GiB",
            )
        };
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)))
            .ok_or_else(wrong)?;
        let number = number.strip_suffix(' ').unwrap_or(number);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str, most: usize| {
            let plain =
                (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (whole, thousandths) = digits(whole, 9)
            .zip(digits(fraction, 3).map(|value| value * [100, 10, 1][fraction.len() - 1]))
            .ok_or_else(wrong)?;
        let bytes = u128::from(whole) * u128::from(unit)
            + u128::from(thousandths) * u128::from(unit) / 1000;
        u64::try_from(bytes).map(Self).map_err(|_| wrong())
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// As a maker counts.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            few if few < 1_000_000_000 => write!(f, "{:.1} MB", few as f64 / 1e6),
            many => write!(f, "{:.1} GB", many as f64 / 1e9),
        }
    }
}

fn check_path(text: &str) -> Result<String, Invalid> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_:.+@#=,/-".contains(&b);
    let sound = text.strip_prefix("/dev/").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(allowed) && rest.split('/').all(|part| part != "..")
    });
    if sound {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is not the path of a disk", quoted(text)),
        "write it as /dev/nvme0n1, /dev/sda or /dev/disk/by-id/NAME",
    ))
}

fn check_name(text: &str) -> Result<String, Invalid> {
    let trimmed = text.trim();
    if trimmed.is_empty() || text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Invalid::new(
            format!("{} is no model or serial number of a disk", quoted(text)),
            "write it as the label on the disk says, or leave the key out",
        ));
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{ByteSize, DevicePath, DiskName};

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("100 GB", Some(100_000_000_000)),
            ("100GB", Some(100_000_000_000)),
            ("1.5 TB", Some(1_500_000_000_000)),
            ("0.25 GiB", Some(256 << 20)),
            ("16 MiB", Some(16 << 20)),
            ("999999999 TB", None),
            ("100", None),
            ("100 G", None),
            ("100  GB", None),
            ("-1 GB", None),
            ("1. GB", None),
            (".5 GB", None),
            ("1.2345 GB", None),
            ("GB", None),
            ("", None),
        ] {
            let read = ByteSize::parse(text).ok().map(ByteSize::bytes);
            assert_eq!(read, bytes, "{text}");
        }
    }

    #[test]
    fn paths_and_names() {
        for (text, sound) in [
            ("/dev/nvme0n1", true),
            ("/dev/disk/by-id/nvme-Samsung_SSD_980-S64D", true),
            ("/dev/disk/by-path/pci-0000:00:17.0-ata-1", true),
            ("nvme0n1", false),
            ("/dev/", false),
            ("/dev/../etc/passwd", false),
            ("/dev/sd a", false),
        ] {
            assert_eq!(DevicePath::parse(text).is_ok(), sound, "{text}");
        }
        assert_eq!(
            DiskName::parse(" A 1 ").map(String::from).as_deref(),
            Ok("A 1")
        );
        for text in ["", "  ", "a\nb"] {
            assert!(DiskName::parse(text).is_err(), "{text:?}");
        }
    }
}
