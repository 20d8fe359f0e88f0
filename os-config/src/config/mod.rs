//! The checked configuration: what every other part works from.

mod backup;
mod files;
mod install;
mod kubernetes;
mod network;
mod registries;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use backup::{Backup, Bucket};
pub use files::{Image, Manifest, WriteFile};
pub use install::{AfterInstall, DiskBus, DiskChoice, DiskPreference, Install};
pub use kubernetes::{
    AuditLevel, ComponentArgs, Components, FlagArgs, Kubernetes, PodSecurity, Swap,
};
pub use network::{Dns, Firewall, Interface, InterfaceMatch, Network, Proxy, Route, Wifi};
pub use registries::{Registries, RegistryAccess, RegistryAuth, RegistryMirror, RegistryTls};

use crate::values::{
    Command, EnvName, EnvValue, Hostname, HttpUrl, LabelKey, LabelValue, ModuleName, Password, Pem,
    ServerAddress, SigningKey, SshKeySource, SysctlKey, SysctlValue, Taint, TimeZone,
};

/// A whole checked configuration, with every default filled in.
///
/// It is written as JSON to `/run/holdfast/config.json`. It holds secrets: the file must be 0600.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The name given to this machine; `None` means: `holdfast-` and six digits made from the machine id.
    pub hostname: Option<Hostname>,
    /// The time zone of the machine.
    pub timezone: TimeZone,
    /// Who may log in as `root` by ssh.
    pub ssh_authorized_keys: Vec<SshKeySource>,
    /// The password of `root`; `None` means: no login by password, no login prompt on the console.
    pub password: Option<Password>,
    /// Files to write at every boot, in order, before services start.
    pub write_files: Vec<WriteFile>,
    /// Commands run first of all, before modules, network and services.
    pub init_commands: Vec<Command>,
    /// Commands run before the network is set up.
    pub boot_commands: Vec<Command>,
    /// Commands run once the network is up.
    pub run_commands: Vec<Command>,
    /// Kernel modules to load.
    pub modules: Vec<ModuleName>,
    /// Kernel settings.
    pub sysctls: BTreeMap<SysctlKey, SysctlValue>,
    /// Environment of every service and login, without the proxy's variables.
    pub environment: BTreeMap<EnvName, EnvValue>,
    /// Time servers; never empty.
    pub ntp_servers: NtpServers,
    /// Whom the clock is set by. A record of an older release does not say.
    #[serde(default)]
    pub time: Time,
    /// Interfaces, DNS, Wi-Fi, proxy.
    pub network: Network,
    /// Labels of this node, kept as they are here.
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Taints of this node, kept as they are here.
    pub taints: Vec<Taint>,
    /// How Kubernetes runs.
    pub kubernetes: Kubernetes,
    /// Where container images come from.
    pub registries: Registries,
    /// Manifests that are applied to the cluster and pruned from it.
    pub manifests: Vec<Manifest>,
    /// Container images to load before the network is asked.
    pub images: Vec<Image>,
    /// Packaged workloads, each on or off.
    pub components: Components,
    /// Where more configuration is fetched from.
    pub config_url: Option<HttpUrl>,
    /// What a stick with a bundle may bring.
    pub bundles: Bundles,
    /// What an install stick installs where; `None` on every node.
    pub install: Option<Install>,
    /// Where logs are kept.
    pub logs: Logs,
    /// What is done about the disk that state is on. A record of an older release does not say.
    #[serde(default)]
    pub state: State,
    /// The node's backup. A record of an older release does not say.
    #[serde(default)]
    pub backup: Backup,
}

/// Time servers, with Debian's pool as the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NtpServers(Vec<ServerAddress>);

impl NtpServers {
    /// The servers; the default pool when `servers` is empty.
    pub fn new(servers: Vec<ServerAddress>) -> Self {
        if servers.is_empty() {
            Self::default()
        } else {
            Self(servers)
        }
    }

    /// The servers, at least one.
    pub fn as_slice(&self) -> &[ServerAddress] {
        &self.0
    }
}

impl Default for NtpServers {
    fn default() -> Self {
        let pool = ["0", "1", "2", "3"].map(|n| format!("{n}.debian.pool.ntp.org"));
        let parse = |name: &String| {
            ServerAddress::parse(name).expect("the pool's names are sound, a test parses them")
        };
        Self(pool.iter().map(parse).collect())
    }
}

/// Whom the clock is set by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// Servers prove who they are (RFC 8915).
    pub nts: bool,
    /// Authorities to trust for that besides Mozilla's.
    #[serde(default)]
    pub ca: Option<Pem>,
    /// How many of them have to agree, at least one and at most as many as there are.
    pub min_sources: u32,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            nts: false,
            ca: None,
            min_sources: 1,
        }
    }
}

/// Where logs are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logs {
    /// Keeps service logs on the state partition instead of in memory; costs flash writes.
    pub persist: bool,
}

/// What a USB stick with a bundle may bring to the running node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundles {
    /// Whose bundles are believed.
    pub signers: Vec<SigningKey>,
    /// Whether others are taken, too.
    pub unsigned: bool,
    /// Whether manifests are applied.
    pub manifests: bool,
}

/// What is done about the disk that state is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What a boot does when its file system has damage that cannot be repaired without a risk.
    pub when_damaged: WhenDamaged,
    /// Whether it is encrypted when it is made new.
    pub encryption: Encryption,
}

/// Whether the state partition is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// It is not.
    #[default]
    None,
    /// It is, and the machine's TPM 2.0 has the key.
    Tpm,
}

/// What a boot does when the file system of the state partition has damage that cannot be repaired without a risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenDamaged {
    /// It is repaired; data may be lost.
    #[default]
    Repair,
    /// A person decides.
    Stop,
    /// It is made new, and empty.
    Renew,
}
