//! Files below `/sys/block`.

use super::facts::Transport;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of sysfs: a disk, a partition, or what it is connected to.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file's text without the blanks around it; none if there is no text.
    pub(super) fn text(&self, file: &str) -> Option<String> {
        let bytes = fs::read(self.0.join(file)).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        // Makers pad names with blanks and zero bytes, and a terminal shall not be told more than words.
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn number(&self, file: &str) -> Option<u64> {
        self.text(file)?.parse().ok()
    }

    pub(super) fn flag(&self, file: &str) -> bool {
        self.number(file) == Some(1)
    }

    /// The value of `KEY=value` in the file `uevent`.
    pub(super) fn uevent(&self, key: &str) -> Option<String> {
        let text = fs::read_to_string(self.0.join("uevent")).ok()?;
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(str::to_owned)
    }

    /// Names in a folder of it, sorted; none when there is no such folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    pub(super) fn below(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }

    /// How the disk of this folder is connected: the way to it leads through what it hangs on.
    pub(super) fn transport(&self) -> Transport {
        let way = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        let name = way.file_name().unwrap_or_default().to_string_lossy();
        let begins = |prefix: &str| {
            let below = |part: std::path::Component<'_>| {
                let part = part.as_os_str().to_string_lossy();
                let rest = part.strip_prefix(prefix);
                rest.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit())
                })
            };
            way.components().any(below)
        };
        if name.starts_with("loop") {
            Transport::Loop
        } else if ["dm-", "md", "zram", "ram"]
            .iter()
            .any(|made| name.starts_with(made))
        {
            Transport::Made
        } else if begins("usb") {
            Transport::Usb
        } else if begins("mmc") {
            match self.text("device/type").as_deref() {
                Some("MMC") => Transport::Emmc,
                _ => Transport::Sd,
            }
        } else if begins("nvme") {
            Transport::Nvme
        } else if begins("ata") {
            Transport::Sata
        } else if begins("virtio") {
            Transport::Virtio
        } else {
            Transport::Other
        }
    }

    /// The serial number: the disk's, or that of the USB device which it is in.
    pub(super) fn serial(&self) -> Option<String> {
        if let Some(serial) = self.text("device/serial").or_else(|| self.text("serial")) {
            return Some(serial);
        }
        let way = fs::canonicalize(&self.0).ok()?;
        let usb = way
            .ancestors()
            .find(|above| above.join("idVendor").exists())?;
        Self::new(usb).text("serial")
    }

    /// What its maker calls it.
    pub(super) fn model(&self) -> Option<String> {
        let model = self
            .text("device/model")
            .or_else(|| self.text("device/name"));
        let vendor = self
            .text("device/vendor")
            .filter(|vendor| !vendor.starts_with("0x") && vendor != "ATA");
        match (vendor, model) {
            (Some(vendor), Some(model)) => Some(format!("{vendor} {model}")),
            (vendor, model) => model.or(vendor).or_else(|| self.backing_file()),
        }
    }

    fn backing_file(&self) -> Option<String> {
        let file = self.text("loop/backing_file")?;
        let name = Path::new(&file).file_name()?.to_string_lossy().into_owned();
        Some(format!("file {name}"))
    }
}
