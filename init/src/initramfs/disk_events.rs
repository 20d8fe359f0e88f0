//! What the kernel's messages mean for whoever waits for a disk.

use crate::uevent::Event;
use std::collections::BTreeSet;

/// The devices of these become disks, or bring them.
const BRINGERS: [&str; 3] = ["usb", "scsi", "mmc"];

/// What a burst of messages told about disks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DiskEvents {
    /// Names in sysfs of the block devices that came or changed.
    pub(super) changed: BTreeSet<String>,
    /// A device came that may bring one.
    on_its_way: bool,
}

impl DiskEvents {
    /// Takes in one message.
    pub(super) fn add(&mut self, event: &Event) {
        if event.brings_block_device() {
            let name = event.node.as_deref().unwrap_or_default();
            self.changed.insert(name.replace('/', "!"));
        }
        self.on_its_way |= event.action == "add" && BRINGERS.contains(&event.subsystem.as_str());
    }

    /// Whether another disk may be about to show itself.
    pub(super) fn is_about_disks(&self) -> bool {
        self.on_its_way || !self.changed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::DiskEvents;
    use crate::uevent::Event;

    #[test]
    fn disks_and_what_brings_them_are_told_apart() {
        for (action, subsystem, node, changed, about) in [
            ("add", "block", Some("cciss/c0d0"), Some("cciss!c0d0"), true),
            ("change", "block", Some("sda"), Some("sda"), true),
            ("remove", "block", Some("sda"), None, false),
            ("add", "usb", Some("bus/usb/001/002"), None, true),
            ("bind", "usb", None, None, false),
            ("add", "module", None, None, false),
        ] {
            let mut events = DiskEvents::default();
            events.add(&Event {
                action: action.into(),
                subsystem: subsystem.into(),
                node: node.map(str::to_owned),
                modalias: None,
            });
            let seen = events.changed.iter().next().map(String::as_str);
            assert_eq!(
                (seen, events.is_about_disks()),
                (changed, about),
                "{action} {subsystem}"
            );
        }
    }
}
