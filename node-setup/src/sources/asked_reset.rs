//! The file on a USB stick that asks for a reset.

use disk::layout::Reset;

/// A reset that a stick asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedByStick {
    /// Its device.
    pub device: String,
    /// The file that asks.
    pub file: &'static str,
    /// How far.
    pub reset: Reset,
}

/// What the file says: nothing, or one of the command's options.
pub(super) fn parse(text: &[u8]) -> Result<Reset, String> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.trim_start_matches('-') {
        "" => Ok(Reset::Everything),
        "keep-config" => Ok(Reset::KeepConfig),
        "wipe-secrets" => Ok(Reset::WipeSecrets),
        _ => Err(format!(
            "its first word is none of `keep-config` and `wipe-secrets`, and the file is not empty: {:?}",
            text.chars().take(40).collect::<String>()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use disk::layout::Reset;

    #[test]
    fn the_file_on_the_stick_says_how_far() {
        for (text, expected) in [
            ("", Some(Reset::Everything)),
            ("\u{feff}\r\n", Some(Reset::Everything)),
            ("keep-config\n", Some(Reset::KeepConfig)),
            ("--wipe-secrets", Some(Reset::WipeSecrets)),
            ("please", None),
            ("keep-config wipe-secrets", None),
        ] {
            assert_eq!(parse(text.as_bytes()).ok(), expected, "{text:?}");
        }
    }
}
