//! The one `config.yaml`: raw, checked, merged, explained. No effects.
//!
//! Texts go in, a checked [`Config`] or a [`Report`] comes out. Nothing here opens a file or a connection.

mod config;
mod values;

pub use config::{
    AuditLevel, ComponentArgs, Components, Config, Console, Dns, FlagArgs, Image, Interface,
    InterfaceMatch, Kubernetes, Logs, Manifest, Network, NtpServers, Proxy, Registries,
    RegistryAccess, RegistryAuth, RegistryMirror, RegistryTls, Route, Wifi, WriteFile,
};
pub use values::{
    Bytes, Command, DomainName, EnvName, EnvValue, FileMode, FlagName, Hostname, HttpUrl,
    InterfaceName, Invalid, LabelKey, LabelValue, MacAddress, ManifestName, ModuleName, NodeName,
    Owner, Password, Pem, RegistryHost, Secret, ServerAddress, SshKeySource, Ssid, SysctlKey,
    SysctlValue, Taint, TaintEffect, TimeZone, Token, WifiPassphrase, WritablePath,
};
