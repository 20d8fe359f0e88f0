//! Checked values: each newtype can only hold what it promises.

mod access;
mod address;
mod bucket;
mod carried;
mod disk;
mod files;
mod host;
mod label;
mod link;
mod password;
mod recipient;
mod registry;
mod secret;
mod system;
pub(crate) mod text;
mod web;
mod zone;

pub use access::SshKeySource;
pub(crate) use address::{
    Address, ClusterNetwork, Destination, InterfaceAddress, NodeAddress, Source,
};
pub use bucket::{AccessKey, BucketFolder, BucketName, Region};
pub(crate) use carried::{FilePath, ManifestText};
pub use disk::{ByteSize, DevicePath, DiskName};
pub use files::{Bytes, FileMode, Owner, WritablePath};
pub use host::{DomainName, Hostname, NodeName, ServerAddress};
pub use label::{LabelKey, LabelValue, Taint, TaintEffect};
pub use link::{InterfaceName, MacAddress, Ssid, WifiCountry};
pub use password::Password;
pub use recipient::{BackupPlace, Recipient};
pub(crate) use registry::NamedHost;
pub use registry::{FlagName, ManifestName, RegistryHost, SigningKey};
pub(crate) use secret::{Certificate, PrivateKey};
pub use secret::{Pem, Secret, WifiPassphrase};
pub use system::{Command, EnvName, EnvValue, ModuleName, SysctlKey, SysctlValue};
pub use text::Invalid;
pub(crate) use web::{CommandingUrl, Direct, ProxyUrl};
pub use web::{HttpUrl, Sha256};
pub use zone::TimeZone;
