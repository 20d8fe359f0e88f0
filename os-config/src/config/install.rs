//! Unattended installation.

use serde::{Deserialize, Serialize};

use crate::values::{ByteSize, DevicePath, DiskName};

/// What is installed where, by an install stick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Which disk.
    pub disk: DiskChoice,
    /// Whether it may have data, which is lost then.
    pub wipe: bool,
    /// What the machine does afterwards.
    pub then: AfterInstall,
}

/// Which disk: all that is `Some` must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskChoice {
    /// Its device, or a link to it.
    pub path: Option<DevicePath>,
    /// How it is connected.
    pub bus: Option<DiskBus>,
    /// A part of what its maker calls it, in any case of letters.
    pub model: Option<DiskName>,
    /// Its whole serial number.
    pub serial: Option<DiskName>,
    /// It is at least so large.
    pub min_size: Option<ByteSize>,
    /// It is at most so large.
    pub max_size: Option<ByteSize>,
    /// Which of several.
    pub prefer: Option<DiskPreference>,
}

/// How a disk is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskBus {
    /// NVMe.
    Nvme,
    /// SATA.
    Sata,
    /// Flash that is soldered in.
    Emmc,
    /// A card in a slot of the machine itself.
    Sd,
    /// USB.
    Usb,
    /// A virtual machine's.
    Virtio,
}

/// Which of several disks that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskPreference {
    /// The smallest one.
    Smallest,
    /// The largest one.
    Largest,
}

/// What the machine does after an installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterInstall {
    /// It starts anew, from the disk.
    #[default]
    Reboot,
    /// It switches off.
    PowerOff,
}
