//! The files as they are written.

use serde::Deserialize;
use toml::Spanned;

use crate::{Arch, Disk, Machine, Network, Watchdog};

/// `base-<arch>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawBase {
    pub(crate) arch: Spanned<Arch>,
    pub(crate) kernel: RawKernel,
    pub(crate) boot: RawBoot,
    #[serde(default)]
    pub(crate) drivers: RawDrivers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawKernel {
    pub(crate) cmdline: Vec<Spanned<String>>,
    pub(crate) consoles: Spanned<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "firmware", deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum RawBoot {
    #[serde(rename_all = "kebab-case")]
    Uefi {
        stub: String,
        loader: String,
        loader_path: String,
    },
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
    #[serde(default)]
    pub(crate) drivers: RawDrivers,
    #[serde(default)]
    pub(crate) vm: Option<RawVm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawVm {
    pub(crate) machine: Machine,
    pub(crate) disk: Disk,
    pub(crate) network: Network,
    pub(crate) watchdog: Watchdog,
    pub(crate) memory_mib: Spanned<u32>,
    pub(crate) cpus: Spanned<u32>,
}
