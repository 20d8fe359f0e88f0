//! Putting a `config.yaml` where a user would put it, before the machine starts.

use std::fs::File;
use std::path::Path;

use crate::{Disk, Error, Result};

/// The partition's name in the table.
const PARTITION: &str = "CONFIG";
/// The configuration's name in its root.
const FILE: &str = "config.yaml";
/// Bytes of a configuration that are read back at most.
const LIMIT: u64 = 1024 * 1024;
/// The key that lists who may log in.
const KEYS: &str = "ssh_authorized_keys";

/// Writes `text` as `config.yaml` onto the disk's CONFIG partition.
pub(crate) fn place(disk: &Disk, text: &str) -> Result<()> {
    disk.edit(&disk.partition(PARTITION)?, |partition| {
        let volume = open(disk, partition)?;
        volume
            .write_file(FILE, &mut text.as_bytes())
            .map_err(|error| disk.content(&error))?;
        volume.finish().map_err(|error| disk.content(&error))
    })
}

/// Reads `config.yaml` back from the disk's CONFIG partition.
pub(crate) fn read(disk: &Disk) -> Result<String> {
    let mut text = String::new();
    disk.edit(&disk.partition(PARTITION)?, |partition| {
        let bytes = open(disk, partition)?
            .read_file(FILE, LIMIT)
            .map_err(|error| disk.content(&error))?;
        text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(())
    })?;
    Ok(text)
}

fn open(disk: &Disk, partition: &Path) -> Result<formats::fat::Volume<File>> {
    let file = File::options()
        .read(true)
        .write(true)
        .open(partition)
        .map_err(Error::file("open", partition))?;
    formats::fat::open(file).map_err(|error| disk.content(&error))
}

/// `config` with `key` among its `ssh_authorized_keys`, everything else as it was written, comments and all.
///
/// # Errors
/// [`Error::SshKeys`] when the list is written in a way that a line cannot be added to.
pub fn with_ssh_key(config: &str, key: &str) -> Result<String> {
    let item = format!("\"{key}\"");
    let lines: Vec<&str> = config.lines().collect();
    let Some(at) = lines
        .iter()
        .position(|line| line.starts_with(&format!("{KEYS}:")))
    else {
        let gap = if config.is_empty() || config.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        return Ok(format!("{config}{gap}{KEYS}:\n  - {item}\n"));
    };
    let value = lines[at][KEYS.len() + 1..].trim();
    let value = if value.starts_with('#') { "" } else { value };
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    if value.is_empty() {
        // The new item is indented as the list's first one is.
        let first = lines[at + 1..]
            .iter()
            .find(|line| line.trim_start().starts_with('-'));
        let indent = first.map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
        out.insert(at + 1, format!("{indent}- {item}"));
    } else if let Some(rest) = value.strip_prefix('[') {
        let comma = if rest.trim_start().starts_with(']') {
            ""
        } else {
            ", "
        };
        out[at] = format!("{KEYS}: [{item}{comma}{rest}");
    } else {
        return Err(Error::SshKeys { line: at + 1 });
    }
    Ok(out.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use ::disk::Sector;
    use ::disk::gpt::{NewPartition, Table, create, derive_guid, types};
    use formats::fat::{Kind, Label, VolumeSpec};

    use super::*;

    #[test]
    fn a_configuration_comes_back_from_the_partition_and_the_base_stays() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base.img");
        let partition = |name: &str, size| NewPartition {
            name: name.to_owned(),
            type_guid: types::BASIC_DATA,
            guid: derive_guid(b"test", name),
            size,
            attributes: 0,
        };
        let wanted = [partition("boot", 1 << 20), partition(PARTITION, 16 << 20)];
        let table = Table::plan(
            Sector::Bytes512,
            derive_guid(b"test", "disk"),
            &wanted,
            None,
        )
        .unwrap();
        let mut file = File::create_new(&base).unwrap();
        file.set_len(table.disk_size()).unwrap();
        create(&mut file, &table).unwrap();
        let fat = folder.path().join("fat");
        let mut volume = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&fat)
            .unwrap();
        volume.set_len(16 << 20).unwrap();
        let spec = VolumeSpec {
            kind: Kind::Fat16,
            label: Label::new("CONFIG").unwrap(),
            id: 1,
            cluster: 2048,
        };
        formats::fat::format(&mut volume, &spec).unwrap();

        let disk = Disk::create(&folder.path().join("disk.qcow2"), &base, "raw", Some(1)).unwrap();
        disk.insert(disk.partition(PARTITION).unwrap().offset, &fat)
            .unwrap();
        assert!(read(&disk).unwrap_err().to_string().contains("config.yaml"));
        for text in ["version: 1\nhostname: a-rather-long-name\n", "version: 1\n"] {
            place(&disk, text).unwrap();
            assert_eq!(read(&disk).unwrap(), text);
        }
        let error = disk.partition("state").unwrap_err().to_string();
        assert!(
            error.ends_with("has no partition named state; it has: boot, CONFIG"),
            "{error}"
        );
    }

    #[test]
    fn a_key_joins_any_list() {
        for (name, config, expected) in [
            ("nothing", "", "ssh_authorized_keys:\n  - \"K\"\n"),
            (
                "no such key",
                "version: 1",
                "version: 1\nssh_authorized_keys:\n  - \"K\"\n",
            ),
            (
                "a list, unindented",
                "ssh_authorized_keys: # mine\n- a\nhostname: x\n",
                "ssh_authorized_keys: # mine\n- \"K\"\n- a\nhostname: x\n",
            ),
            (
                "a list, indented, below a comment",
                "ssh_authorized_keys:\n    # mine\n    - a\n",
                "ssh_authorized_keys:\n    - \"K\"\n    # mine\n    - a\n",
            ),
            (
                "brackets",
                "ssh_authorized_keys: [a, b]\n",
                "ssh_authorized_keys: [\"K\", a, b]\n",
            ),
            (
                "empty brackets",
                "ssh_authorized_keys: []\n",
                "ssh_authorized_keys: [\"K\"]\n",
            ),
        ] {
            assert_eq!(with_ssh_key(config, "K").unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_key_cannot_join_a_scalar() {
        let error = with_ssh_key("version: 1\nssh_authorized_keys: github:me\n", "K").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
