//! `install:` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::values::{ByteSize, DevicePath, DiskName};

/// Unattended installation onto a disk. None of its keys has a default in the schema: defaults are shown with every configuration, and
/// this key must never be there unless somebody wrote it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawInstall {
    /// Which disk is installed onto. All that is written here must fit; what is not written does not matter. Without it the machine must
    /// have one internal disk only.
    pub(crate) disk: Option<RawInstallDisk>,
    /// Installs also onto a disk that has data: a partition table, a file system, RAID or LVM. All of it is lost. A disk in use is
    /// never taken. Without it such a disk is refused.
    pub(crate) wipe: Option<bool>,
    /// What the machine does afterwards: `reboot`, as without it, or `power-off`.
    #[schemars(extend("enum" = ["reboot", "power-off"]))]
    pub(crate) then: Option<String>,
}

/// Which disk is installed onto.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawInstallDisk {
    /// Its device. The kernel numbers disks as it finds them: a path below `/dev/disk/by-id` or `/dev/disk/by-path` stays the same.
    #[schemars(extend("examples" = ["/dev/nvme0n1"]))]
    pub(crate) path: Option<Text<DevicePath>>,
    /// How it is connected. A USB disk is taken only with `usb` here, or by its path or serial number.
    #[schemars(extend("enum" = ["nvme", "sata", "emmc", "sd", "usb", "virtio"]))]
    pub(crate) bus: Option<String>,
    /// What its maker calls it; a part of the name will do, in upper or lower case.
    #[schemars(extend("examples" = ["Samsung SSD 980"]))]
    pub(crate) model: Option<Text<DiskName>>,
    /// Its serial number.
    #[schemars(extend("examples" = ["S64DNF0R123456"]))]
    pub(crate) serial: Option<Text<DiskName>>,
    /// It is at least so large. Makers count 1 GB as 1000 MB; GiB and TiB are understood, too.
    #[schemars(extend("examples" = ["100 GB"]))]
    pub(crate) min_size: Option<Text<ByteSize>>,
    /// It is at most so large.
    #[schemars(extend("examples" = ["1 TB"]))]
    pub(crate) max_size: Option<Text<ByteSize>>,
    /// Which one is taken when several fit. Without it, several are a mistake that is shown.
    #[schemars(extend("enum" = ["smallest", "largest"]))]
    pub(crate) prefer: Option<String>,
}
