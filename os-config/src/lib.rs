//! The one `config.yaml`: raw, checked, merged, explained. No effects.
//!
//! Texts go in, a checked [`Config`] or a [`Report`] comes out. Nothing here opens a file or a connection.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod beside;
mod check;
mod command_line;
mod config;
mod defaults;
mod diff;
mod explain;
mod impact;
mod installed;
mod load;
mod merge;
mod nearest;
mod raw;
mod reference;
mod remarks;
mod report;
mod sample;
mod schema;
mod secrets;
mod show;
mod source;
mod text;
pub mod tree;
mod values;

pub use beside::{SIGNATURES, SIGNED_NOTE};
pub use check::decode;
pub use config::{
    AfterInstall, AuditLevel, Backup, Bucket, Bundles, ComponentArgs, Components, Config, DiskBus,
    DiskChoice, DiskPreference, Dns, Encryption, Firewall, FlagArgs, Image, Install, Interface,
    InterfaceMatch, Kubernetes, Logs, Manifest, Network, NtpServers, PodSecurity, Proxy,
    Registries, RegistryAccess, RegistryAuth, RegistryMirror, RegistryTls, Route, State, Swap,
    Time, WhenDamaged, Wifi, WriteFile,
};
pub use diff::{Change, diff};
pub use explain::{Explained, Explanation, Origin, UnknownKey};
pub use impact::{Impact, impact};
pub use installed::{Installed, installed};
pub use load::{Loaded, load, load_with, parse_config};
pub use nearest::nearest;
pub use reference::reference;
pub use remarks::{Remark, remarks};
pub use report::{Finding, Problem, Report};
pub use sample::sample;
pub use schema::schema_json;
pub use secrets::{Blotter, hide_credentials};
pub use source::{LARGEST_TEXT, Source, SourceName, Sources};
pub use values::{
    AccessKey, BackupPlace, BucketFolder, BucketName, ByteSize, Bytes, Command, DevicePath,
    DiskName, DomainName, EnvName, EnvValue, FileMode, FlagName, Hostname, HttpUrl, InterfaceName,
    Invalid, LabelKey, LabelValue, MacAddress, ManifestName, ModuleName, NodeName, Owner, Password,
    Pem, Recipient, Region, RegistryHost, Secret, ServerAddress, Sha256, SigningKey, SshKeySource,
    Ssid, SysctlKey, SysctlValue, Taint, TaintEffect, TimeZone, WifiCountry, WifiPassphrase,
    WritablePath,
};
