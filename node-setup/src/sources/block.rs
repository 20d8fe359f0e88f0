//! Block devices as the kernel lists them in `/sys/class/block`.

use std::fs;
use std::io;
use std::path::Path;

/// One disk or partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Kernel name, `sda1`.
    pub name: String,
    /// The disk it is a partition of; `None` for a whole disk.
    pub disk: Option<String>,
    /// GPT partition name, `CONFIG`.
    pub partition_name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Whether it is a medium one plugs in: a removable drive or anything on USB.
    pub pluggable: bool,
}

/// Lists all block devices, sorted by name. `sys` is `/sys` on a node.
///
/// # Errors
/// When `/sys/class/block` cannot be listed; single devices that vanish while being read are left out.
pub(crate) fn list(sys: &Path) -> io::Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for entry in fs::read_dir(sys.join("class/block"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Ok(real) = fs::canonicalize(entry.path()) {
            blocks.push(read(&name, &real));
        }
    }
    blocks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(blocks)
}

fn read(name: &str, directory: &Path) -> Block {
    let partition = directory.join("partition").exists();
    let disk_directory = if partition {
        directory.parent().unwrap_or(directory)
    } else {
        directory
    };
    let disk = partition.then(|| file_name(disk_directory));
    let removable = first_line(&disk_directory.join("removable")).is_some_and(|is| is == "1");
    let usb = directory
        .components()
        .any(|part| part.as_os_str().to_string_lossy().starts_with("usb"));
    let sectors: u64 = first_line(&directory.join("size"))
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let partition_name = fs::read_to_string(directory.join("uevent"))
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("PARTNAME=").map(str::to_owned))
        });
    // The kernel counts in units of 512 bytes whatever the disk's sector size is.
    Block {
        name: name.to_owned(),
        disk,
        partition_name,
        size: sectors * 512,
        pluggable: removable || usb,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn first_line(path: &Path) -> Option<String> {
    Some(
        fs::read_to_string(path)
            .ok()?
            .lines()
            .next()?
            .trim()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn device(sys: &Path, path: &str, files: &[(&str, &str)]) {
        let directory = sys.join("devices").join(path);
        fs::create_dir_all(&directory).unwrap();
        for (name, content) in files {
            fs::write(directory.join(name), content).unwrap();
        }
        fs::create_dir_all(sys.join("class/block")).unwrap();
        let name = directory.file_name().unwrap();
        symlink(&directory, sys.join("class/block").join(name)).unwrap();
    }

    #[test]
    fn partitions_know_their_disk_and_name() {
        let sys = tempfile::tempdir().unwrap();
        device(
            sys.path(),
            "pci0/virtio0/block/vda",
            &[
                ("removable", "0\n"),
                ("size", "4096\n"),
                ("uevent", "DEVTYPE=disk\n"),
            ],
        );
        device(
            sys.path(),
            "pci0/virtio0/block/vda/vda2",
            &[
                ("partition", "2\n"),
                ("size", "2048\n"),
                ("uevent", "DEVTYPE=partition\nPARTN=2\nPARTNAME=CONFIG\n"),
            ],
        );
        device(
            sys.path(),
            "pci0/usb1/1-1/host3/block/sdb",
            &[("removable", "0\n"), ("size", "10\n"), ("uevent", "")],
        );
        let found = list(sys.path()).unwrap();
        let expected = [
            Block {
                name: "sdb".into(),
                disk: None,
                partition_name: None,
                size: 5120,
                pluggable: true,
            },
            Block {
                name: "vda".into(),
                disk: None,
                partition_name: None,
                size: 4096 * 512,
                pluggable: false,
            },
            Block {
                name: "vda2".into(),
                disk: Some("vda".into()),
                partition_name: Some("CONFIG".into()),
                size: 2048 * 512,
                pluggable: false,
            },
        ];
        assert_eq!(found, expected);
    }
}
