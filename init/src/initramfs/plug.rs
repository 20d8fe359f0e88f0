//! Loading what this machine's devices need.

use super::Failure;
use super::disk_events::DiskEvents;
use super::{modprobe, mounts};
use crate::modules::{Loader, modaliases};
use crate::program;
use crate::report::Log;
use crate::uevent::{Event, Listener};
use crate::watchdog::Guard;
use host::with_causes;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Modules that do not load in this time never do; what needs them says what is missing.
const ALWAYS_LIMIT: Duration = Duration::from_secs(60);

/// Loads modules for devices as they appear, while a child loads those that every machine needs.
#[derive(Debug)]
pub(super) struct Plug {
    loader: Loader,
    seen: BTreeSet<String>,
    listener: Listener,
    always: Option<Child>,
}

impl Plug {
    /// Begins to load the modules that are always loaded, and loads those that the devices ask for.
    #[expect(
        clippy::disallowed_methods,
        reason = "it works on while devices are found"
    )]
    pub(super) fn start(root: &Path, log: &Log, guard: &mut Guard) -> Result<Self, Failure> {
        // A kernel that asks for a module by itself (a cipher, a hash) runs this, too.
        let helper = root.join("sbin/modprobe");
        if let Err(error) =
            fs::create_dir_all(root.join("sbin")).and_then(|()| symlink("/init", &helper))
        {
            log.error(&format!("cannot make {}: {error}", helper.display()));
        }
        // Before anything is loaded: what a driver brings forth is told here.
        let listener = Listener::open().map_err(Failure::Listen)?;
        let loader = Loader::open(&modprobe::folder(root))?;
        let always = always_loaded(root);
        let child = Command::new(&helper).args(&always).spawn();
        let mut plug = Self {
            loader,
            seen: BTreeSet::new(),
            listener,
            always: None,
        };
        match child {
            Ok(child) => plug.always = Some(child),
            Err(error) => {
                log.error(&format!("cannot run {}: {error}", helper.display()));
                always
                    .iter()
                    .for_each(|name| plug.load(name, Log::error, log));
            }
        }
        plug.load("efivarfs", Log::error, log);
        if let Err(error) = mounts::efi_variables(&root.join("sys")) {
            // Firmware without runtime services has none to show. The disk is found without the boot loader's word.
            log.error(&format!("{error}: {}", error.source));
        }
        for alias in modaliases(&root.join("sys")) {
            if plug.seen.insert(alias.clone()) {
                plug.load(&alias, Log::detail, log);
                // A watchdog's device may come from another's driver; it is armed before the next driver can hang.
                plug.take_events(root, log, guard);
            }
        }
        plug.take_events(root, log, guard);
        log.detail(&format!(
            "{} modules tried for devices",
            plug.loader.tried()
        ));
        Ok(plug)
    }

    /// Waits until the modules that are always loaded are.
    pub(super) fn finish(&mut self, log: &Log, guard: &mut Guard) {
        let Some(mut child) = self.always.take() else {
            return;
        };
        match program::wait(&mut child, Some(ALWAYS_LIMIT), guard, |_| {}) {
            // What failed has been told by the child itself.
            Ok(Some(_)) => {}
            Ok(None) => log.error(&format!(
                "modules still load after {} s; the boot goes on without them",
                ALWAYS_LIMIT.as_secs()
            )),
            Err(error) => log.error(&format!("cannot wait for the modules: {error}")),
        }
    }

    /// Takes in what the kernel has told since: loads drivers, arms the watchdog; gives the events of disks.
    pub(super) fn take_events(&mut self, root: &Path, log: &Log, guard: &mut Guard) -> DiskEvents {
        let mut events = DiskEvents::default();
        while let Some(event) = self.listener.next() {
            events.add(&event);
            self.load_for(event, log);
        }
        arm_watchdog(root, log, guard);
        events
    }

    fn load_for(&mut self, event: Event, log: &Log) {
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
            tell(log, &with_causes(&failure));
        }
    }
}

/// The names in `/etc/modules-initramfs`.
fn always_loaded(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("etc/modules-initramfs")).unwrap_or_default();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn arm_watchdog(root: &Path, log: &Log, guard: &mut Guard) {
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
