//! Loading what this machine's devices need.

use super::Failure;
use super::{modprobe, mounts};
use crate::modules::{Loader, modaliases};
use crate::report::Log;
use crate::uevent::{Event, Listener};
use crate::watchdog::Guard;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Loads modules for devices as they appear.
#[derive(Debug)]
pub(super) struct Plug {
    loader: Loader,
    seen: BTreeSet<String>,
    listener: Listener,
}

impl Plug {
    /// Loads the modules that are always loaded, then those that the devices ask for, until no new device appears.
    pub(super) fn start(root: &Path, log: &Log, guard: &mut Guard) -> Result<Self, Failure> {
        // A kernel that asks for a module by itself (a cipher, a hash) runs this.
        let helper = root.join("sbin/modprobe");
        let _ = fs::create_dir_all(root.join("sbin"));
        if let Err(error) = symlink("/init", &helper) {
            log.detail(&format!("cannot make {}: {error}", helper.display()));
        }
        let listener = Listener::open().map_err(Failure::Listen)?;
        let loader = Loader::open(&modprobe::folder(root))?;
        let mut plug = Self {
            loader,
            seen: BTreeSet::new(),
            listener,
        };
        let always = fs::read_to_string(root.join("etc/modules-initramfs")).unwrap_or_default();
        for name in always
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            plug.load(name, Log::error, log);
        }
        mounts::efi_variables(&root.join("sys"))?;
        plug.coldplug(root, log, guard);
        log.detail(&format!("{} modules tried", plug.loader.tried()));
        Ok(plug)
    }

    /// Loading a bus driver makes new devices appear: looks again until nothing is new.
    fn coldplug(&mut self, root: &Path, log: &Log, guard: &mut Guard) {
        loop {
            arm(root, log, guard);
            let fresh: Vec<_> = modaliases(&root.join("sys"))
                .into_iter()
                .filter(|alias| !self.seen.contains(alias))
                .collect();
            if fresh.is_empty() {
                return;
            }
            for alias in fresh {
                self.load(&alias, Log::detail, log);
                self.seen.insert(alias);
            }
        }
    }

    /// Takes in what the kernel has told since: loads drivers; tells whether a block device came or changed.
    pub(super) fn take_events(&mut self, root: &Path, log: &Log, guard: &mut Guard) -> bool {
        let mut block = false;
        while let Some(event) = self.listener.next() {
            block |= event.brings_block_device();
            self.take(event, log);
        }
        arm(root, log, guard);
        block
    }

    fn take(&mut self, event: Event, log: &Log) {
        if let Some(alias) = event.modalias.filter(|_| event.action == "add")
            && self.seen.insert(alias.clone())
        {
            self.load(&alias, Log::detail, log);
        }
    }

    pub(super) fn listener(&self) -> &Listener {
        &self.listener
    }

    fn load(&mut self, alias: &str, tell: fn(&Log, &str), log: &Log) {
        for failure in self.loader.load(alias) {
            let why = std::error::Error::source(&failure)
                .map(ToString::to_string)
                .unwrap_or_default();
            tell(log, &format!("{failure}: {why}"));
        }
    }
}

fn arm(root: &Path, log: &Log, guard: &mut Guard) {
    match guard.arm(&root.join("dev")) {
        Ok(true) => {
            let about = guard
                .about()
                .map(|a| format!("{}, {} s", a.identity, a.timeout_ms.as_seconds()));
            log.line(&format!("watchdog armed: {}", about.unwrap_or_default()));
        }
        Ok(false) => {}
        Err(error) => log.detail(&format!("cannot arm the watchdog: {error}")),
    }
    guard.feed();
}
