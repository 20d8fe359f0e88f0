//! Devices that were there before anyone listened.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every `modalias` of the devices on the buses below `sys`/bus. Reading the buses instead of the tree of devices leaves
/// out the many that have no driver: consoles, processors, memory.
pub(crate) fn modaliases(sys: &Path) -> BTreeSet<String> {
    // Devices come and go while this reads; what cannot be read is gone.
    let entries = |folder: &Path| {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    entries(&sys.join("bus"))
        .flat_map(|bus| entries(&bus.join("devices")).collect::<Vec<_>>())
        .filter_map(|device| fs::read_to_string(device.join("modalias")).ok())
        .map(|alias| alias.trim().to_owned())
        .filter(|alias| !alias.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::modaliases;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_modalias_is_found_once() {
        let sys = tempfile::tempdir().expect("folder");
        for (bus, device, alias) in [
            ("pci", "0:1", "pci:a\n"),
            ("virtio", "virtio0", "virtio:b\n"),
            ("pci", "0:2", "pci:a\n"),
            ("cpu", "cpu0", ""),
        ] {
            let folder = sys.path().join("devices").join(device);
            let devices = sys.path().join("bus").join(bus).join("devices");
            fs::create_dir_all(&folder).expect("folder");
            fs::create_dir_all(&devices).expect("folder");
            fs::write(folder.join("modalias"), alias).expect("write");
            symlink(&folder, devices.join(device)).expect("link");
        }
        let found: Vec<_> = modaliases(sys.path()).into_iter().collect();
        assert_eq!(found, ["pci:a", "virtio:b"]);
    }
}
