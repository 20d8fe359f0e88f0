//! Firmware and boot loader of the guest: what systemd-boot would do on this boot partition, carried out by the kernel. What
//! U-Boot would do is in [`super::script`], what a Raspberry Pi's firmware would in [`super::pi`].

use super::devices::{device, mark};
use super::program::head;
use super::{pi, script};
use crate::layout::{BOOT, ENTRIES};
use crate::loader::{Shown, choose};
use crate::machine::Machine;
use crate::marks::{LOADER, SYSTEM};
use crate::releases::{Says, says};
use anyhow::Context;
use rustix::mount::{MountFlags, mount};
use slots::Mounted;
use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Where the boot loader sees the boot partition.
pub(super) const ESP: &str = "/tmp/esp";

/// The firmware's variables, kept over reboots of the node.
#[derive(Debug)]
pub(super) struct Firmware {
    pub(super) machine: Machine,
    /// Whether the last restart asked for a start on trial: kept in the processor's memory until then, lost with the power.
    pub(super) asked_once: Cell<bool>,
    /// The kernel's view of the machine.
    pub(super) sys: PathBuf,
}

impl Firmware {
    /// With no variables.
    ///
    /// # Errors
    /// Their file system cannot be mounted.
    pub(super) fn new(machine: Machine) -> anyhow::Result<Self> {
        let sys = PathBuf::from("/tmp/sys");
        let folder = sys.join("firmware/efi/efivars");
        fs::create_dir_all(&folder)?;
        mount("none", &folder, "tmpfs", MountFlags::empty(), c"")?;
        Ok(Self {
            machine,
            asked_once: Cell::new(false),
            sys,
        })
    }

    /// Forgets everything: another machine.
    ///
    /// # Errors
    /// A variable cannot be removed.
    pub(super) fn forget(&self) -> anyhow::Result<()> {
        for name in [
            "LoaderEntryOneShot",
            "LoaderEntrySelected",
            "LoaderBootCountPath",
        ] {
            host::file::remove(&self.variable(name))?;
        }
        self.asked_once.set(false);
        pi::forget(&self.sys)?;
        script::forget(&self.sys)
    }

    /// Starts an entry, with its tries counted; gives what its UKI says. None if there is nothing to start.
    ///
    /// # Errors
    /// The boot partition cannot be used.
    pub(super) fn start(&self) -> anyhow::Result<Option<Says>> {
        if self.machine == Machine::Tryboot {
            return pi::start(&self.sys, self.asked_once.take());
        }
        let mounted = Mounted::open(&device(BOOT), Path::new(ESP))?;
        if self.machine == Machine::UBoot {
            return script::start(mounted.folder(), &self.sys);
        }
        let folder = mounted.folder().join(ENTRIES.join("/"));
        let one_shot = self.take_one_shot();
        let shown = shown(&folder)?;
        let Some(chosen) = choose(&shown, one_shot.as_deref()) else {
            return Ok(None);
        };
        let mut file = chosen.file.clone();
        host::file::remove(&self.variable("LoaderBootCountPath"))?;
        if let Some(counted) = chosen.counted() {
            mark(LOADER)?;
            // As systemd-boot does it: what cannot be counted is started all the same.
            if rename(&folder, &file, &counted).is_ok() {
                self.set("LoaderBootCountPath", &format!("\\EFI\\Linux\\{counted}"))?;
                file = counted;
            }
            mark(SYSTEM)?;
        }
        self.set("LoaderEntrySelected", &chosen.id)?;
        head(&folder.join(&file)).map(|head| says(&head))
    }

    fn take_one_shot(&self) -> Option<String> {
        let path = self.variable("LoaderEntryOneShot");
        let content = fs::read(&path).ok()?;
        // What was asked for once is forgotten at once.
        fs::remove_file(path).ok()?;
        let units = content.get(4..)?.chunks_exact(2);
        let units: Vec<u16> = units
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .take_while(|&unit| unit != 0)
            .collect();
        String::from_utf16(&units).ok()
    }

    fn set(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let text = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        let content: Vec<u8> = [7, 0, 0, 0].into_iter().chain(text).collect();
        fs::write(self.variable(name), content).context("cannot set a variable")
    }

    fn variable(&self, name: &str) -> PathBuf {
        let folder = self.sys.join("firmware/efi/efivars");
        folder.join(format!("{name}-{VENDOR}"))
    }
}

fn rename(folder: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(folder.join(from), folder.join(to))?;
    let folder = File::open(folder)?;
    rustix::fs::syncfs(&folder)?;
    folder.sync_all()
}

/// The entries that the boot loader shows: programs that say what they are.
fn shown(folder: &Path) -> anyhow::Result<Vec<Shown>> {
    let mut shown = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.to_ascii_lowercase().ends_with(".efi") {
            continue;
        }
        if let Ok(Some(says)) = head(&path).map(|head| says(&head)) {
            shown.push(Shown::new(&name, &says.version));
        }
    }
    Ok(shown)
}
