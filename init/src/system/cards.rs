//! The machine's network interfaces, as the kernel has them now.

use init_api::Root;
use init_api::interface::There;
use std::fs;
use std::path::Path;

/// Where the kernel lists them.
const FOLDER: &str = "/sys/class/net";

/// All of them, by name. None when the kernel does not tell.
pub(super) fn read(root: &Root) -> Vec<There> {
    let entries = fs::read_dir(root.path(FOLDER)).into_iter().flatten();
    let mut all: Vec<There> = entries.flatten().map(|entry| one(&entry.path())).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn one(folder: &Path) -> There {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mac = fs::read_to_string(folder.join("address")).unwrap_or_default();
    There {
        name: name.into_owned(),
        mac: mac.trim().to_ascii_lowercase(),
        physical: folder.join("device").exists(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use init_api::Root;
    use std::fs;

    #[test]
    fn as_the_kernel_shows_them() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        assert_eq!(read(&root), [], "nothing is known");
        for (name, mac, device) in [("lo", "", false), ("enp1s0", "52:54:00:AB:00:01\n", true)] {
            let card = root.path("/sys/class/net").join(name);
            fs::create_dir_all(&card).expect("folder");
            if device {
                fs::create_dir(card.join("device")).expect("folder");
            }
            fs::write(card.join("address"), mac).expect("written");
        }
        let told: Vec<String> = read(&root)
            .into_iter()
            .map(|one| format!("{} {} {}", one.name, one.mac, one.physical))
            .collect();
        assert_eq!(told, ["enp1s0 52:54:00:ab:00:01 true", "lo  false"]);
    }
}
