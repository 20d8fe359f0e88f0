//! The files as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::{Arch, Disk, Machine, Network, PartitionTable, Watchdog};

/// `base-<arch>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawBase {
    pub(crate) arch: Spanned<Arch>,
    pub(crate) kernel: RawKernel,
    pub(crate) uki: RawUki,
    #[serde(default)]
    pub(crate) systemd_boot: Option<RawSystemdBoot>,
    #[serde(default)]
    pub(crate) drivers: RawDrivers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawKernel {
    pub(crate) cmdline: Vec<Spanned<String>>,
    pub(crate) consoles: Spanned<Vec<Spanned<String>>>,
    pub(crate) led: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawUki {
    pub(crate) stub: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawSystemdBoot {
    pub(crate) loader: String,
    pub(crate) loader_path: String,
}

/// The word after a board's `boot`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawMechanism {
    SystemdBoot,
    UBoot,
    Tryboot,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawUBoot {
    pub(crate) files: BTreeMap<Spanned<String>, String>,
    pub(crate) device_trees: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) texts: BTreeMap<Spanned<String>, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawTryboot {
    pub(crate) device_trees: BTreeMap<Spanned<String>, String>,
    pub(crate) texts: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    pub(crate) words: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawDrivers {
    #[serde(default)]
    pub(crate) initramfs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) root: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) firmware: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) watchdogs: Vec<Spanned<String>>,
}

/// `<board>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawBoard {
    pub(crate) title: Spanned<String>,
    pub(crate) base: Spanned<String>,
    pub(crate) boot: Spanned<RawMechanism>,
    #[serde(default)]
    pub(crate) partition_table: PartitionTable,
    #[serde(default)]
    pub(crate) u_boot: Option<Spanned<RawUBoot>>,
    #[serde(default)]
    pub(crate) tryboot: Option<Spanned<RawTryboot>>,
    #[serde(default)]
    pub(crate) drivers: RawDrivers,
    #[serde(default)]
    pub(crate) machine: Option<RawMachine>,
    #[serde(default)]
    pub(crate) vm: Option<RawVm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawMachine {
    pub(crate) compatible: Spanned<String>,
    #[serde(default)]
    pub(crate) firmware_from: Option<Spanned<Datetime>>,
    #[serde(default)]
    pub(crate) stalling_card: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) kept_free_kib: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawVm {
    pub(crate) machine: Spanned<Machine>,
    pub(crate) disk: Spanned<Disk>,
    pub(crate) network: Spanned<Network>,
    pub(crate) watchdog: Spanned<Watchdog>,
    pub(crate) memory_mib: Spanned<u32>,
    pub(crate) cpus: Spanned<u32>,
}
