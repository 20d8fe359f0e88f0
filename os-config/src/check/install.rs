//! `install`.

use super::Checker;
use crate::config::{AfterInstall, DiskBus, DiskChoice, DiskPreference, Install};
use crate::raw::{RawInstall, RawInstallDisk};

pub(super) fn install(c: &mut Checker, raw: Option<&RawInstall>) -> Option<Install> {
    let raw = raw?;
    c.at("install", |c| {
        Some(Install {
            disk: c.at("disk", |c| disk(c, raw.disk.as_ref())),
            wipe: raw.wipe.unwrap_or(false),
            then: match raw.then.as_deref() {
                Some("power-off") => AfterInstall::PowerOff,
                _ => AfterInstall::Reboot,
            },
        })
    })
}

fn disk(c: &mut Checker, raw: Option<&RawInstallDisk>) -> DiskChoice {
    let Some(raw) = raw else {
        return DiskChoice::default();
    };
    let choice = DiskChoice {
        path: c.value("path", &raw.path),
        bus: raw.bus.as_deref().and_then(bus),
        model: c.value("model", &raw.model),
        serial: c.value("serial", &raw.serial),
        min_size: c.value("min_size", &raw.min_size),
        max_size: c.value("max_size", &raw.max_size),
        prefer: raw.prefer.as_deref().and_then(preference),
    };
    if let (Some(least), Some(most)) = (choice.min_size, choice.max_size)
        && least > most
    {
        c.at("max_size", |c| {
            c.wrong(
                "it is less than `min_size`: no disk can be both",
                "change one of the two, or leave one out",
            );
        });
    }
    choice
}

/// The structure has been checked: there are no other words.
fn bus(word: &str) -> Option<DiskBus> {
    match word {
        "nvme" => Some(DiskBus::Nvme),
        "sata" => Some(DiskBus::Sata),
        "emmc" => Some(DiskBus::Emmc),
        "sd" => Some(DiskBus::Sd),
        "usb" => Some(DiskBus::Usb),
        "virtio" => Some(DiskBus::Virtio),
        _ => None,
    }
}

fn preference(word: &str) -> Option<DiskPreference> {
    match word {
        "smallest" => Some(DiskPreference::Smallest),
        "largest" => Some(DiskPreference::Largest),
        _ => None,
    }
}
