//! What the image knows of the machine that it runs on, and when that machine's firmware was built.

use crate::{Root, paths};
use serde::{Deserialize, Serialize};
use std::fs;

/// What the machine is, by its firmware's own words, each ended by a NUL.
const COMPATIBLE: &str = "/sys/firmware/devicetree/base/compatible";
/// Where a Raspberry Pi's firmware says when it was built: seconds since 1970, 32 bits, big-endian.
const BUILT: &str = "/sys/firmware/devicetree/base/chosen/bootloader/build-timestamp";

/// A kind of machine. The image builder writes it and may add keys, so unknown ones are allowed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMachine {
    /// A word of its device tree's root (`compatible`) by which it is known.
    pub compatible: String,
    /// Firmware on the board that was built before this is too old, seconds since 1970.
    #[serde(default)]
    pub firmware_from_s: Option<u32>,
    /// The driver of a network card that can stop sending until its link goes down.
    #[serde(default)]
    pub stalling_card: Option<String>,
    /// KiB that its kernel has to keep free for drivers that cannot wait.
    #[serde(default)]
    pub kept_free_kib: Option<u64>,
}

impl KnownMachine {
    /// What the image knows of this machine; nothing of most.
    #[must_use]
    pub fn this(root: &Root) -> Option<Self> {
        let words = fs::read(root.path(COMPATIBLE)).ok()?;
        let known: Vec<Self> = crate::load_if_present(root.path(paths::MACHINES)).ok()??;
        known.into_iter().find(|machine| {
            words
                .split(|byte| *byte == 0)
                .any(|word| word == machine.compatible.as_bytes())
        })
    }
}

/// When the firmware on the board was built, seconds since 1970; nothing where it does not say.
#[must_use]
pub fn firmware_built_s(root: &Root) -> Option<u32> {
    let built = fs::read(root.path(BUILT)).ok()?;
    built.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::{BUILT, COMPATIBLE, KnownMachine, firmware_built_s};
    use crate::{Root, paths};
    use std::fs;

    /// As the builder writes it: `boards` has the same text.
    const WRITTEN: &str = r#"[{"compatible":"brcm,bcm2837","kept_free_kib":16384},{"compatible":"brcm,bcm2711","firmware_from_s":1599091200},{"compatible":"brcm,bcm2712","firmware_from_s":1755043200,"stalling_card":"macb"}]"#;

    fn put(root: &Root, path: &str, bytes: &[u8]) {
        let path = root.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(path, bytes).expect("written");
    }

    #[test]
    fn a_machine_is_known_by_its_device_tree() {
        let five = "raspberrypi,5-model-b\0brcm,bcm2712\0";
        for (case, machines, compatible, card) in [
            ("a PC", Some(WRITTEN), None, None),
            ("a Pi 5", Some(WRITTEN), Some(five), Some("macb")),
            (
                "a Pi 3",
                Some(WRITTEN),
                Some("raspberrypi,3-model-b\0brcm,bcm2837\0"),
                None,
            ),
            (
                "a part of a word",
                Some(WRITTEN),
                Some("brcm,bcm27\0"),
                None,
            ),
            ("an image that knows none", None, Some(five), None),
        ] {
            let folder = tempfile::tempdir().expect("folder");
            let root = Root::new(folder.path());
            if let Some(machines) = machines {
                put(&root, paths::MACHINES, machines.as_bytes());
            }
            if let Some(compatible) = compatible {
                put(&root, COMPATIBLE, compatible.as_bytes());
            }
            let this = KnownMachine::this(&root);
            let found = this.and_then(|machine| machine.stalling_card);
            assert_eq!(found.as_deref(), card, "{case}");
        }
    }

    #[test]
    fn firmware_says_when_it_was_built_in_four_bytes() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(firmware_built_s(&root), None);
        put(&root, BUILT, &[1]);
        assert_eq!(firmware_built_s(&root), None);
        put(&root, BUILT, &1_755_043_200_u32.to_be_bytes());
        assert_eq!(firmware_built_s(&root), Some(1_755_043_200));
    }
}
