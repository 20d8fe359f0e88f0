//! Version 1 of `config.yaml` as it is written.
//!
//! Every comment in this folder is documentation for users: it becomes the description in the JSON Schema and the text
//! in `docs/config.md`. Nothing here is checked beyond its type.

mod backup;
mod install;
mod kubernetes;
mod later;
mod lists;
mod machine;
mod network;
mod registries;
mod scalar;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use backup::{RawBackup, RawBucket};
pub(crate) use install::{RawInstall, RawInstallDisk};
pub(crate) use kubernetes::{RawComponents, RawFlagArgs, RawKubernetes};
pub(crate) use later::LATER;
pub(crate) use lists::{RawCommand, RawImage, RawManifest, RawTaint, RawWriteFile};
pub(crate) use machine::{RawBundles, RawLogs, RawState, RawTime};
pub(crate) use network::{
    RawDns, RawFirewall, RawInterface, RawIpv6, RawNetwork, RawRoute, RawWifi,
};
pub(crate) use registries::{RawRegistries, RawRegistryAccess, RawRegistryMirror};
pub(crate) use scalar::{Named, OneOrMany, Scalar, Text};

use crate::values::{
    CommandingUrl, EnvName, EnvValue, Hostname, LabelKey, LabelValue, ModuleName, Password,
    ServerAddress, SshKeySource, SysctlKey, SysctlValue, TimeZone,
};

/// The configuration of a Holdfast node.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Holdfast config.yaml, version 1", extend("required" = ["version"]))]
pub(crate) struct RawConfig {
    /// The version of this format. Every file must say it.
    #[schemars(range(min = 1, max = 1), extend("examples" = [1], "x-impact" = "live"))]
    pub(crate) version: Option<u64>,

    /// The machine's name: lower-case letters, digits, `-`, and dots between parts; at most 63 characters. Without it
    /// the name is `holdfast-` and six digits of the machine id, and lasts as that does. The node in the cluster keeps
    /// the name that it got first.
    #[schemars(extend("examples" = ["store-17-a"], "x-impact" = "live"))]
    pub(crate) hostname: Option<Text<Hostname>>,

    /// The time zone by its IANA name.
    #[schemars(extend("default" = "UTC", "examples" = ["Europe/Berlin"], "x-impact" = "live"))]
    pub(crate) timezone: Option<Text<TimeZone>>,

    /// Who may log in by ssh as `root`, which is the one account for people on a node. Each entry is a public key as in a `.pub` file,
    /// `github:USER`, `gitlab:USER`, or an https address with one key a line. Keys by name and address are fetched when
    /// the network is up and kept for when it is not.
    #[schemars(extend("examples" = [["github:alice", "https://keys.example/site.pub"]], "x-impact" = "live"))]
    pub(crate) ssh_authorized_keys: Vec<Text<SshKeySource>>,

    /// The password of `root`, as a crypt hash (`mkpasswd -m yescrypt`, in single quotes) or in clear, which is hashed
    /// before it is stored. It opens a login prompt on the console, and ssh. Without it there is no prompt, and ssh
    /// takes keys only.
    #[schemars(extend("examples" = ["$6$rounds=4096$…"], "x-impact" = "live", "x-secret" = "always"))]
    pub(crate) password: Option<Text<Password>>,

    /// Files to write at every boot, in this order, before the network and Kubernetes start.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) write_files: Vec<RawWriteFile>,

    /// Commands run first of all: before modules, network and Kubernetes. Each is a line for the shell or a list of
    /// program and arguments.
    #[schemars(extend("examples" = [["echo begin > /run/begin", ["touch", "/run/two words"]]], "x-impact" = "reboot"))]
    pub(crate) init_commands: Vec<RawCommand>,

    /// Commands run after modules and files, before the network is set up.
    #[schemars(extend("x-impact" = "reboot"))]
    pub(crate) boot_commands: Vec<RawCommand>,

    /// Commands run once the network is up.
    #[schemars(extend("x-impact" = "reboot"))]
    pub(crate) run_commands: Vec<RawCommand>,

    /// Kernel modules to load, besides those the hardware and Kubernetes need, which load by themselves.
    #[schemars(extend("examples" = [["nvme_tcp"]], "x-impact" = "live"))]
    pub(crate) modules: Vec<Text<ModuleName>>,

    /// Kernel settings, as in `sysctl`.
    #[schemars(extend("examples" = [{"net.core.rmem_max": 7500000}], "x-impact" = "live"))]
    pub(crate) sysctls: Named<SysctlKey, Text<SysctlValue>>,

    /// Environment variables for every service and login. A proxy is better set in `network.proxy`.
    #[schemars(extend("x-impact" = "environment", "x-secret" = "by name alone"))]
    pub(crate) environment: Named<EnvName, Text<EnvValue>>,

    /// Time servers, by name or address. They replace the built-in ones.
    #[schemars(extend("default" = ["0.debian.pool.ntp.org", "1.debian.pool.ntp.org", "2.debian.pool.ntp.org", "3.debian.pool.ntp.org"], "examples" = [["ntp.example", "192.168.1.1"]], "minItems" = 1, "x-impact" = "time"))]
    pub(crate) ntp_servers: Option<Vec<Text<ServerAddress>>>,

    /// Whom the clock is set by.
    #[schemars(extend("examples" = [{"nts": true, "min_sources": 2}], "x-impact" = "time"))]
    pub(crate) time: Option<RawTime>,

    /// Interfaces, DNS, Wi-Fi and the proxy.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) network: Option<RawNetwork>,

    /// Labels of this node. The node follows the file: a label that is changed or removed here is changed or removed
    /// there, at any time.
    #[schemars(extend("examples" = [{"example.com/site": "store-17"}], "x-impact" = "live"))]
    pub(crate) labels: Named<LabelKey, Text<LabelValue>>,

    /// Taints of this node, followed like labels. Each is `key=value:Effect`, `key:Effect`, or a mapping of `key`,
    /// `value` and `effect`. Effects are NoSchedule, PreferNoSchedule and NoExecute.
    #[schemars(extend("examples" = [["example.com/gpu=true:NoSchedule"]], "x-impact" = "live"))]
    pub(crate) taints: Vec<RawTaint>,

    /// How Kubernetes runs.
    #[schemars(extend("x-impact" = "kubernetes"))]
    pub(crate) kubernetes: Option<RawKubernetes>,

    /// Where container images come from: mirrors, credentials, certificates.
    #[schemars(extend("x-impact" = "registries"))]
    pub(crate) registries: Option<RawRegistries>,

    /// Manifests to apply to the cluster. What disappears from here disappears from the cluster.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) manifests: Vec<RawManifest>,

    /// Container images to load before the network is asked: tar files as `docker save` and `ctr image export` write
    /// them.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) images: Vec<RawImage>,

    /// Packaged workloads, each on or off.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) components: Option<RawComponents>,

    /// Where to fetch more configuration from, by https: it is root on the node. What is fetched wins over files and loses against the
    /// kernel's command line; the last good copy is used when the address does not answer.
    #[schemars(extend("examples" = ["https://config.example/store-17.yaml"], "x-impact" = "live"))]
    pub(crate) config_url: Option<Text<CommandingUrl>>,

    /// What a USB stick with a bundle may bring to the running node: the stick has the label HOLDFAST, and `holdfast bundle` made what is on it.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) bundles: Option<RawBundles>,

    /// Unattended installation: a USB stick whose CONFIG partition has this key installs onto an internal disk of the machine that it
    /// is booted on, with the rest of the file as the configuration there, and never becomes a node itself. Only the CONFIG
    /// partition may say it, and a disk that runs a node already never does it. `install: {}` is enough where there is one empty disk.
    #[schemars(extend("examples" = [{"disk": {"bus": "nvme"}, "then": "power-off"}], "x-impact" = "reboot"))]
    pub(crate) install: Option<RawInstall>,

    /// Where logs are kept.
    #[schemars(extend("x-impact" = "reboot"))]
    pub(crate) logs: Option<RawLogs>,

    /// The disk that everything that lasts is on.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) state: Option<RawState>,

    /// The node's backup.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) backup: Option<RawBackup>,
}
