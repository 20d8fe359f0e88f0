//! Reads the facts of the node.

use super::{Facts, VarDir};
use crate::damage_choice;
use crate::encryption::StateDisk;
use crate::last_good;
use crate::plan::read_at_start;
use crate::sources::{KnownSticks, StoredUrl};
use crate::trial;
use disk::gpt::Table;
use init_api::paths::{CONFIG, IMAGES, MANIFESTS, RELEASE, SSH, VAR_DIRS};
use init_api::{KnownMachine, Release, Root};
use runtime::{Founding, Paths};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const PROFILES: &str = "/run/NetworkManager/system-connections";
const RADIOS: &str = "/sys/class/net";
const TERMINALS: &str = "/sys/class/tty";
/// `PORT_UNKNOWN`: the kernel found no hardware.
const UNKNOWN_PORT: &str = "0";

/// The device that memory is compressed into.
pub(crate) const COMPRESSED: &str = "/dev/zram0";
/// There from the beginning of a boot's first configuration on, however it ends.
pub(crate) const BEGUN: &str = "/run/holdfast/configure-begun";
/// There when init commands were begun in this boot.
pub(crate) const INIT_RAN: &str = "/run/holdfast/init-commands-ran";
/// There when boot commands were.
pub(crate) const BOOT_RAN: &str = "/run/holdfast/boot-commands-ran";
/// Where fetched keys are kept for boots without a network.
pub(crate) const FETCHED_KEYS_CACHE: &str = "/var/lib/holdfast/ssh/fetched-keys.json";

impl Facts {
    /// Reads all facts. What cannot be read counts as not there: the planner's defaults then hold, and lines of the image's
    /// own lists that make no sense are returned.
    pub(crate) fn read(root: &Root) -> (Facts, Vec<String>) {
        let text = |path: &str| fs::read_to_string(root.path(path)).unwrap_or_default();
        let (var_dirs, strange) = VarDir::parse_all(&text(VAR_DIRS));
        let (founded, damaged) = match Founding::load(&Paths::from(root)) {
            Ok(founded) => (founded, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let table = damage_choice::booted_table(root);
        let on_trial = !matches!(trial::current(root), Ok(None));
        let facts = Facts {
            machine_id: text("/etc/machine-id").trim().to_owned(),
            passwd: text("/etc/passwd"),
            group: text("/etc/group"),
            shadow: text("/etc/shadow"),
            var_dirs,
            host_keys: host_keys(root),
            fetched_keys: serde_json::from_str(&text(FETCHED_KEYS_CACHE)).unwrap_or_default(),
            manifests: names(root, MANIFESTS),
            images: names(root, IMAGES),
            profiles: contents(root, PROFILES),
            files: read_at_start()
                .map(|path| (path.into(), text(path)))
                .collect(),
            salt: salt(),
            first_run: !root.path(CONFIG).exists(),
            init_commands_ran: root.path(INIT_RAN).exists(),
            boot_commands_ran: root.path(BOOT_RAN).exists(),
            ran_before: root.path(BEGUN).exists(),
            on_trial,
            provisional: on_trial,
            radios: radios(root),
            serial_consoles: serial_consoles(root),
            when_damaged: table.as_ref().map(Table::when_damaged),
            state_disk: table.and_then(|table| StateDisk::read(root, &table)),
            founded,
            memory: host::memory::total(&text("/proc/meminfo")),
            kept_free_kib: KnownMachine::this(root).and_then(|machine| machine.kept_free_kib),
            compresses_memory: text("/proc/swaps").contains(COMPRESSED),
            release: release(root),
            last_goods: last_good::all(root),
            tried_configurations: last_good::tried(root),
            known_sticks: KnownSticks::new(root).count(),
            tried_url: StoredUrl::new(root).tried_url(),
        };
        let strange = strange
            .into_iter()
            .map(|line| format!("{VAR_DIRS}: a line that makes no sense: {line}"));
        (facts, strange.chain(damaged).collect())
    }
}

/// The release that is running; on a machine without one, this program's own.
fn release(root: &Root) -> String {
    init_api::load::<Release>(root.path(RELEASE)).map_or_else(
        |_| env!("CARGO_PKG_VERSION").to_owned(),
        |release| release.version,
    )
}

/// Names of radios by hardware address. One whose driver is not there yet is not among them.
fn radios(root: &Root) -> BTreeMap<String, String> {
    let address = |name: String| {
        let folder = root.path(RADIOS).join(&name);
        let address = fs::read_to_string(folder.join("address")).ok()?;
        let is_radio = folder.join("phy80211").exists();
        is_radio.then(|| (address.trim().to_ascii_lowercase(), name))
    };
    names(root, RADIOS)
        .into_iter()
        .filter_map(address)
        .collect()
}

fn host_keys(root: &Root) -> Vec<PathBuf> {
    let directory = PathBuf::from(SSH);
    let whole = |path: &PathBuf| fs::metadata(root.path(path)).is_ok_and(|is| is.len() > 0);
    let names = names(root, SSH);
    names
        .into_iter()
        .filter(|name| name.ends_with("_key"))
        .map(|name| directory.join(name))
        .filter(whole)
        .collect()
}

fn names(root: &Root, directory: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.path(directory)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn contents(root: &Root, directory: &str) -> BTreeMap<String, String> {
    let read = |name: String| {
        let text = fs::read_to_string(root.path(directory).join(&name)).unwrap_or_default();
        (name, text)
    };
    names(root, directory).into_iter().map(read).collect()
}

/// Random bytes; on a machine that has none this early, zeros make a hash that is as good, only not unlike others.
fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    if let Ok(mut random) = fs::File::open("/dev/urandom") {
        let _ = random.read_exact(&mut salt);
    }
    salt
}

/// Of the kernel's consoles, those on a serial line; `tty0` is the screen. The kernel lists ttyS0 on a PC without one, too, as
/// its command line names it; only the port's type says that nothing is there.
fn serial_consoles(root: &Root) -> Vec<String> {
    let read = |path: PathBuf| fs::read_to_string(root.path(path)).unwrap_or_default();
    let terminals = Path::new(TERMINALS);
    let is_serial =
        |name: &str| name.starts_with("tty") && !name[3..].bytes().all(|b| b.is_ascii_digit());
    let is_there = |name: &str| read(terminals.join(name).join("type")).trim() != UNKNOWN_PORT;
    read(terminals.join("console/active"))
        .split_whitespace()
        .filter(|name| is_serial(name) && is_there(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::serial_consoles;
    use init_api::Root;

    use std::fs;

    #[test]
    fn serial_consoles_that_are_there() {
        let cases: [(&str, &str, &[&str], &[&str]); 7] = [
            ("unreadable", "", &[], &[]),
            ("a screen", "tty0\n", &[], &[]),
            ("both", "tty0 ttyS0\n", &["ttyS0 4"], &["ttyS0"]),
            ("no hardware", "tty0 ttyS0\n", &["ttyS0 0"], &[]),
            ("of a board", "ttyAMA0\n", &["ttyAMA0 32"], &["ttyAMA0"]),
            ("without a type", "ttyUSB0 tty0\n", &[], &["ttyUSB0"]),
            ("of a hypervisor", "tty1 hvc0\n", &[], &[]),
        ];
        for (case, active, types, expected) in cases {
            let folder = tempfile::tempdir().expect("folder");
            let write = |path: &str, text: &str| {
                let path = folder.path().join("sys/class/tty").join(path);
                fs::create_dir_all(path.parent().expect("below")).expect("folder");
                fs::write(path, text).expect("written");
            };
            if !active.is_empty() {
                write("console/active", active);
            }
            for (name, kind) in types.iter().filter_map(|line| line.split_once(' ')) {
                write(&format!("{name}/type"), &format!("{kind}\n"));
            }
            assert_eq!(
                serial_consoles(&Root::new(folder.path())),
                expected,
                "{case}"
            );
        }
    }
}
