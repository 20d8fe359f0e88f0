//! Which words of the kernel's command line were signed.
//!
//! With Secure Boot the firmware checks the UKI, whose own line is in it. The stub appends what the owner of a virtual machine says:
//! that is his hardware, not the release. Such words may name a configuration, and a configuration is root.

use disk::layout::END_OF_SIGNED;
use init_api::Root;
use std::fs;

/// Four bytes of attributes, then the state.
const SECURE_BOOT: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Whether the firmware checks signatures.
pub(super) fn secure_boot(root: &Root) -> bool {
    fs::read(root.path(SECURE_BOOT)).is_ok_and(|state| state.get(4) == Some(&1))
}

/// The signed part of the line, and the words of ours that come after it. A release that does not say where its line ends is taken
/// at its word.
pub(super) fn split(line: &str) -> (&str, Vec<&str>) {
    let mut from = 0;
    for word in line.split_ascii_whitespace() {
        // Words are slices of the line.
        let Some(at) = line[from..].find(word) else {
            break;
        };
        let end = from + at + word.len();
        if word == END_OF_SIGNED {
            let appended = line[end..].split_ascii_whitespace();
            let ours =
                appended.filter(|word| word.trim_start_matches('"').starts_with("holdfast."));
            return (&line[..end], ours.collect());
        }
        from = end;
    }
    (line, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn what_is_appended_is_told_apart() {
        for (line, signed, appended) in [
            (
                "quiet holdfast.hostname=a",
                "quiet holdfast.hostname=a",
                &[][..],
            ),
            ("a=1 holdfast.end", "a=1 holdfast.end", &[]),
            (
                "a=1 holdfast.end quiet holdfast.maintenance \"holdfast.run_commands=x y\"",
                "a=1 holdfast.end",
                &["holdfast.maintenance", "\"holdfast.run_commands=x"],
            ),
            // The first one counts: what is appended can repeat the word.
            (
                "a=1 holdfast.end holdfast.hostname=b holdfast.end",
                "a=1 holdfast.end",
                &["holdfast.hostname=b", "holdfast.end"],
            ),
            (
                "a=holdfast.end holdfast.hostname=b",
                "a=holdfast.end holdfast.hostname=b",
                &[],
            ),
        ] {
            assert_eq!(split(line), (signed, appended.to_vec()), "{line}");
        }
    }
}
