//! From files as written to what they mean.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use crate::machine::{KnownMachine, machine as known_machine};
use crate::raw::{RawBase, RawBoard, RawDrivers, RawMechanism, RawTryboot, RawUBoot, RawVm};
use crate::source::Source;
use crate::{
    Arch, BootMechanism, Disk, Drivers, Error, Machine, Network, PartitionTable, Release,
    SystemdBoot, Tryboot, UBoot, Vm, Watchdog,
};

/// A board file without its base.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) base: Spanned<String>,
    pub(crate) boot: Spanned<RawMechanism>,
    pub(crate) u_boot: Option<UBoot>,
    pub(crate) tryboot: Option<Tryboot>,
    pub(crate) partition_table: PartitionTable,
    pub(crate) drivers: Drivers,
    pub(crate) machine: Option<KnownMachine>,
    pub(crate) vm: Option<Spanned<Vm>>,
}

/// A base file.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) release: Release,
    /// For boards that are booted by it.
    pub(crate) systemd_boot: Option<SystemdBoot>,
}

/// Checks a base file.
pub(crate) fn base(source: &Source<'_>) -> Result<Base, Error> {
    let raw: RawBase = source.parse()?;
    for parameter in &raw.kernel.cmdline {
        check_parameter(source, parameter)?;
    }
    if raw.kernel.consoles.get_ref().is_empty() {
        return Err(source.wrong(
            raw.kernel.consoles.span(),
            "`kernel.consoles` is empty: name at least one".to_owned(),
        ));
    }
    if let Some(led) = &raw.kernel.led {
        word(source, "kernel.led", led)?;
    }
    for console in raw.kernel.consoles.get_ref() {
        word(source, "kernel.consoles", console)?;
    }
    let plain = |list: &[Spanned<String>]| list.iter().map(|item| item.get_ref().clone()).collect();
    let release = Release {
        arch: *raw.arch.get_ref(),
        cmdline: plain(&raw.kernel.cmdline),
        consoles: plain(raw.kernel.consoles.get_ref()),
        led: raw.kernel.led.as_ref().map(|led| led.get_ref().clone()),
        stub: raw.uki.stub,
        drivers: drivers(source, &raw.drivers)?,
        machines: Vec::new(),
        tryboot: None,
    };
    Ok(Base {
        release,
        systemd_boot: raw.systemd_boot.map(|raw| SystemdBoot {
            loader: raw.loader,
            loader_path: raw.loader_path,
        }),
    })
}

/// A board's boot mechanism, with what its base says about it.
pub(crate) fn mechanism(
    source: &Source<'_>,
    own: &Own,
    base: &Base,
) -> Result<BootMechanism, Error> {
    match own.boot.get_ref() {
        RawMechanism::SystemdBoot => {
            let found = base.systemd_boot.clone().map(BootMechanism::SystemdBoot);
            found.ok_or_else(|| {
                let message = format!(
                    "`boot` is `systemd-boot`, but `{}.toml` has no [systemd-boot]",
                    own.base.get_ref()
                );
                source.wrong(own.boot.span(), message)
            })
        }
        RawMechanism::UBoot => {
            let found = own.u_boot.clone().map(BootMechanism::UBoot);
            found.ok_or_else(|| {
                let message = "`boot` is `u-boot`, but the file has no [u-boot]".to_owned();
                source.wrong(own.boot.span(), message)
            })
        }
        RawMechanism::Tryboot => {
            let found = own.tryboot.clone().map(BootMechanism::Tryboot);
            found.ok_or_else(|| {
                let message = "`boot` is `tryboot`, but the file has no [tryboot]".to_owned();
                source.wrong(own.boot.span(), message)
            })
        }
    }
}

/// Puts what a slot's boot partition is made of into what the base's boards share: releases are theirs, too.
pub(crate) fn share_slot_image(
    source: &Source<'_>,
    own: &Own,
    base: &mut Base,
    mechanism: &BootMechanism,
) -> Result<(), Error> {
    let BootMechanism::Tryboot(tryboot) = mechanism else {
        return Ok(());
    };
    if base.release.tryboot.is_some() {
        let message = format!(
            "another board of `{}.toml` has `boot = \"tryboot\"`, and a release has one image of a slot's boot partition: \
             put the device trees into that board's file",
            own.base.get_ref()
        );
        return Err(source.wrong(own.boot.span(), message));
    }
    base.release.tryboot = Some(tryboot.clone());
    Ok(())
}

/// Checks a board file, whose name gives the board's.
pub(crate) fn board(source: &Source<'_>, name: &str) -> Result<Own, Error> {
    let raw: RawBoard = source.parse()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 30 || !name.chars().all(plain) {
        let message = format!(
            "`{name}` is no board name: a file is called by 1 to 30 of a-z, 0-9, `-`, `_` and `.toml`"
        );
        return Err(source.wrong(0..0, message));
    }
    if raw.title.get_ref().trim().is_empty() || raw.title.get_ref().contains('\n') {
        return Err(source.wrong(
            raw.title.span(),
            "`title` must be one line of text".to_owned(),
        ));
    }
    let boot = raw.boot.get_ref();
    for (key, span, fits) in [
        (
            "u-boot",
            raw.u_boot.as_ref().map(Spanned::span),
            boot == &RawMechanism::UBoot,
        ),
        (
            "tryboot",
            raw.tryboot.as_ref().map(Spanned::span),
            boot == &RawMechanism::Tryboot,
        ),
    ] {
        if let (Some(span), false) = (span, fits) {
            let message = format!("[{key}] is for boards that say `boot = \"{key}\"`");
            return Err(source.wrong(span, message));
        }
    }
    Ok(Own {
        name: name.to_owned(),
        title: raw.title.into_inner(),
        base: raw.base,
        boot: raw.boot,
        u_boot: raw
            .u_boot
            .map(|raw| u_boot(source, raw.get_ref()))
            .transpose()?,
        tryboot: raw
            .tryboot
            .map(|raw| tryboot(source, raw.get_ref()))
            .transpose()?,
        partition_table: raw.partition_table,
        drivers: drivers(source, &raw.drivers)?,
        machine: raw
            .machine
            .map(|raw| known_machine(source, &raw))
            .transpose()?,
        vm: raw.vm.map(|raw| vm(source, &raw)).transpose()?,
    })
}

/// Whether a board's virtual machine has processors of its base's architecture.
pub(crate) fn machine(source: &Source<'_>, own: &Own, base: &Base) -> Result<(), Error> {
    let Some(vm) = &own.vm else { return Ok(()) };
    let (machine, arch) = (vm.get_ref().machine, base.release.arch);
    if machine.arch() == arch {
        return Ok(());
    }
    let message = format!(
        "`vm.machine` is `{}`, whose processors are {}: the board's are {arch}",
        machine.qemu(),
        machine.arch()
    );
    Err(source.wrong(vm.span(), message))
}

fn u_boot(source: &Source<'_>, raw: &RawUBoot) -> Result<UBoot, Error> {
    let device_trees = raw.device_trees.iter().map(|path| plain(source, path));
    Ok(UBoot {
        files: files(source, &raw.files)?,
        device_trees: device_trees.collect::<Result<_, _>>()?,
        texts: files(source, &raw.texts)?,
    })
}

fn tryboot(source: &Source<'_>, raw: &RawTryboot) -> Result<Tryboot, Error> {
    for parameter in &raw.words {
        word(source, "tryboot.words", parameter)?;
    }
    Ok(Tryboot {
        device_trees: files(source, &raw.device_trees)?,
        texts: files(source, &raw.texts)?,
        words: raw
            .words
            .iter()
            .map(|word| word.get_ref().clone())
            .collect(),
    })
}

fn files(
    source: &Source<'_>,
    files: &BTreeMap<Spanned<String>, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let file = |(path, from): (&Spanned<String>, &String)| Ok((plain(source, path)?, from.clone()));
    files.iter().map(file).collect()
}

/// Every path is checked: they become files of a FAT.
fn plain(source: &Source<'_>, path: &Spanned<String>) -> Result<String, Error> {
    let part = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(known)
    };
    if path.get_ref().split('/').all(part) {
        return Ok(path.get_ref().clone());
    }
    let message = format!(
        "`{}` is no path on the boot partition: letters, digits, `.`, `-`, `_`, folders before `/`",
        path.get_ref()
    );
    Err(source.wrong(path.span(), message))
}

/// A base's name must tell its architecture, so that it can be found.
pub(crate) fn base_name(arch: Arch) -> String {
    format!("base-{arch}")
}

/// The virtual machine, with where its machine type stands.
fn vm(source: &Source<'_>, raw: &RawVm) -> Result<Spanned<Vm>, Error> {
    let range = |key: &str, value: &Spanned<u32>, least: u32, most: u32| {
        if (least..=most).contains(value.get_ref()) {
            return Ok(*value.get_ref());
        }
        Err(source.wrong(
            value.span(),
            format!(
                "`vm.{key}` is {}, it can be {least} to {most}",
                value.get_ref()
            ),
        ))
    };
    let machine = *raw.machine.get_ref();
    let absent = |key: &str, word: &str, span| {
        let message = format!("`vm.{key}` is `{word}`, which `{}` has not", machine.qemu());
        Err(source.wrong(span, message))
    };
    // A Raspberry Pi has what is soldered to it, and no other machine has that.
    let (disk, watchdog) = (*raw.disk.get_ref(), *raw.watchdog.get_ref());
    let is_pi = matches!(machine, Machine::Raspi3b | Machine::Raspi4b);
    if (machine != Machine::Q35 && disk == Disk::Ahci) || (is_pi != (disk == Disk::Sd)) {
        return absent("disk", disk.word(), raw.disk.span());
    }
    if (machine != Machine::Q35 && watchdog == Watchdog::Itco)
        || (is_pi != (watchdog == Watchdog::None))
    {
        return absent("watchdog", watchdog.word(), raw.watchdog.span());
    }
    let network = *raw.network.get_ref();
    if is_pi != (network == Network::Usb) {
        return absent("network", network.word(), raw.network.span());
    }
    let vm = Vm {
        machine,
        disk,
        network,
        watchdog,
        memory_mib: range("memory-mib", &raw.memory_mib, 512, 1 << 20)?,
        cpus: range("cpus", &raw.cpus, 1, 256)?,
    };
    Ok(Spanned::new(raw.machine.span(), vm))
}

fn drivers(source: &Source<'_>, raw: &RawDrivers) -> Result<Drivers, Error> {
    let modules = |key: &str, list: &[Spanned<String>]| {
        set(source, key, list, |name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let good = !name.is_empty() && name.chars().all(plain);
            (!good).then(|| {
                "is no module name: letters, digits, `-`, `_`, without path and ending".to_owned()
            })
        })
    };
    Ok(Drivers {
        initramfs: modules("drivers.initramfs", &raw.initramfs)?,
        root: modules("drivers.root", &raw.root)?,
        watchdogs: modules("drivers.watchdogs", &raw.watchdogs)?,
        firmware: set(source, "drivers.firmware", &raw.firmware, |pattern| {
            let good = !pattern.is_empty()
                && !pattern.starts_with('/')
                && !pattern.split('/').any(|part| part == "..");
            (!good).then(|| "is no pattern below usr/lib/firmware".to_owned())
        })?,
    })
}

/// A list without repetitions, each item checked by `complaint`.
fn set(
    source: &Source<'_>,
    key: &str,
    list: &[Spanned<String>],
    complaint: impl Fn(&str) -> Option<String>,
) -> Result<BTreeSet<String>, Error> {
    let mut out = BTreeSet::new();
    for item in list {
        let value = item.get_ref();
        if let Some(complaint) = complaint(value) {
            return Err(source.wrong(item.span(), format!("`{key}`: `{value}` {complaint}")));
        }
        if !out.insert(value.clone()) {
            return Err(source.wrong(item.span(), format!("`{key}` names `{value}` twice")));
        }
    }
    Ok(out)
}

/// Parameters that bind a kernel to its root or its consoles are made elsewhere.
fn check_parameter(source: &Source<'_>, parameter: &Spanned<String>) -> Result<(), Error> {
    word(source, "kernel.cmdline", parameter)?;
    let text = parameter.get_ref();
    if text.starts_with("console=") {
        return Err(source.wrong(
            parameter.span(),
            format!("`kernel.cmdline`: `{text}` belongs into `kernel.consoles`"),
        ));
    }
    if ["holdfast.", "root=", "init=", "rdinit="]
        .iter()
        .any(|start| text.starts_with(start))
    {
        return Err(source.wrong(
            parameter.span(),
            format!("`kernel.cmdline`: `{text}` is decided by the image builder"),
        ));
    }
    Ok(())
}

fn word(source: &Source<'_>, key: &str, value: &Spanned<String>) -> Result<(), Error> {
    let text = value.get_ref();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(source.wrong(
            value.span(),
            format!("`{key}`: `{}` is not one plain word", text.escape_debug()),
        ));
    }
    Ok(())
}
