//! Devices that were there before anyone listened.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How deep sysfs is followed; real trees end long before.
const DEEPEST: u32 = 24;

/// Every `modalias` below `sys`/devices.
pub fn modaliases(sys: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&sys.join("devices"), DEEPEST, &mut found);
    found
}

fn collect(folder: &Path, depth: u32, found: &mut BTreeSet<String>) {
    // Devices come and go while the tree is read; what cannot be read is gone.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, found);
        } else if kind.is_file() && entry.file_name() == "modalias" {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let text = text.trim();
            if !text.is_empty() {
                found.insert(text.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::modaliases;
    use std::fs;

    #[test]
    fn every_modalias_is_found_once() {
        let sys = tempfile::tempdir().expect("folder");
        for (device, alias) in [
            ("pci0/0:1", "pci:a\n"),
            ("pci0/0:1/virtio0", "virtio:b\n"),
            ("pci0/0:2", "pci:a\n"),
            ("x", ""),
        ] {
            let folder = sys.path().join("devices").join(device);
            fs::create_dir_all(&folder).expect("folder");
            fs::write(folder.join("modalias"), alias).expect("write");
        }
        let found: Vec<_> = modaliases(sys.path()).into_iter().collect();
        assert_eq!(found, ["pci:a", "virtio:b"]);
    }
}
