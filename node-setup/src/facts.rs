//! What the planner has to know about the node besides its configuration.

mod read;

pub(crate) use read::{BEGUN, BOOT_RAN, COMPRESSED, FETCHED_KEYS_CACHE, INIT_RAN};

use crate::encryption::StateDisk;
use crate::last_good::LastGood;
use disk::layout::WhenDamaged;
use runtime::Founding;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The node as found. All of it is read once, before planning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `/etc/machine-id`, 32 hexadecimal digits.
    pub machine_id: String,
    /// The image's `/etc/passwd`.
    pub passwd: String,
    /// The image's `/etc/group`.
    pub group: String,
    /// The image's `/etc/shadow`.
    pub shadow: String,
    /// Directories that the image's programs expect below `/var`.
    pub var_dirs: Vec<VarDir>,
    /// Private ssh host keys that exist and are not empty.
    pub host_keys: Vec<PathBuf>,
    /// Keys fetched earlier, by the source as it is written in the configuration.
    pub fetched_keys: BTreeMap<String, String>,
    /// Files in `/var/lib/holdfast/manifests`.
    pub manifests: Vec<String>,
    /// Files in `/var/lib/holdfast/images`.
    pub images: Vec<String>,
    /// Profiles in `/run/NetworkManager/system-connections`, with their texts.
    pub profiles: BTreeMap<String, String>,
    /// Texts of files that running services have read.
    pub files: BTreeMap<PathBuf, String>,
    /// Random characters for a password hash, 16 bytes.
    pub salt: [u8; 16],
    /// Whether no configuration has been in force in this boot.
    pub first_run: bool,
    /// Whether init commands were begun in this boot: then they do not run again.
    pub init_commands_ran: bool,
    /// Whether boot commands were.
    pub boot_commands_ran: bool,
    /// Whether an earlier run of this boot may have let services start, in maintenance mode too: they must be told of changes.
    pub ran_before: bool,
    /// Whether a configuration is on trial.
    pub on_trial: bool,
    /// Whether the configuration may give way to another by itself: one on trial, or the last good one in place of one that is
    /// not right. Then nothing is removed that the other may want.
    pub provisional: bool,
    /// Radios that the kernel knows: their names by hardware address.
    pub radios: BTreeMap<String, String>,
    /// Serial consoles that the kernel has and that are there, `ttyS0`.
    pub serial_consoles: Vec<String>,
    /// What the partition table says about a damaged state partition; none where it cannot be read.
    pub when_damaged: Option<WhenDamaged>,
    /// Whether the state partition is encrypted, and can be; none where its table cannot be read.
    pub state_disk: Option<StateDisk>,
    /// What the node's cluster was founded with, if it was.
    pub founded: Option<Founding>,
    /// Memory of the machine, bytes.
    pub memory: u64,
    /// KiB that the machine's drivers want to be kept free, where the image knows it.
    pub kept_free_kib: Option<u64>,
    /// Whether memory is compressed into a part of it already.
    pub compresses_memory: bool,
    /// The release that is running.
    pub release: String,
    /// Configurations that releases accepted before.
    pub last_goods: Vec<LastGood>,
    /// The names of those with which the node has yet to be Ready.
    pub tried_configurations: Vec<String>,
    /// How many USB sticks belong to the node.
    pub known_sticks: usize,
    /// The address of the copy of `config_url` that was fetched for a trial and is in memory alone.
    pub tried_url: Option<String>,
}

impl Facts {
    /// Whether a node runs here, or ran: then this is no install stick, whatever a configuration says.
    pub(crate) fn is_node(&self) -> bool {
        self.founded.is_some() || !self.first_run || !self.last_goods.is_empty()
    }
}

/// A directory that programs of the image expect, from `/usr/lib/holdfast/var-dirs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarDir {
    /// Its path, absolute.
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// `user:group` by name or number.
    pub owner: String,
}

impl VarDir {
    /// Parses the lines `path mode owner[:group]`; blank lines and `#` comments are skipped, others that do not fit are returned.
    pub fn parse_all(text: &str) -> (Vec<VarDir>, Vec<String>) {
        let mut dirs = Vec::new();
        let mut strange = Vec::new();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            match VarDir::parse(line) {
                Some(dir) => dirs.push(dir),
                None => strange.push(line.to_owned()),
            }
        }
        (dirs, strange)
    }

    fn parse(line: &str) -> Option<VarDir> {
        let mut words = line.split_whitespace();
        let path = PathBuf::from(words.next()?);
        let mode = u32::from_str_radix(words.next()?, 8).ok()?;
        let owner = words.next()?.to_owned();
        (path.is_absolute() && words.next().is_none()).then_some(VarDir { path, mode, owner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn var_dirs_by_line() {
        let (dirs, strange) = VarDir::parse_all(
            "# comment\n\n/var/lib/chrony 0750 _chrony:_chrony\nvar/x 0755 root\n/var/y 0999 root\n",
        );
        let chrony = VarDir {
            path: "/var/lib/chrony".into(),
            mode: 0o750,
            owner: "_chrony:_chrony".into(),
        };
        assert_eq!(dirs, [chrony]);
        assert_eq!(strange, ["var/x 0755 root", "/var/y 0999 root"]);
    }
}
