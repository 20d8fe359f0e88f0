//! Checked values: each newtype can only hold what it promises.

mod access;
mod files;
mod host;
mod label;
mod link;
mod password;
mod registry;
mod secret;
mod system;
pub(crate) mod text;
mod web;
mod zone;

pub use access::SshKeySource;
pub use files::{Bytes, FileMode, Owner, WritablePath};
pub use host::{DomainName, Hostname, NodeName, ServerAddress};
pub use label::{LabelKey, LabelValue, Taint, TaintEffect};
pub use link::{InterfaceName, MacAddress, Ssid};
pub use password::Password;
pub use registry::{FlagName, ManifestName, RegistryHost};
pub use secret::{Pem, Secret, WifiPassphrase};
pub use system::{Command, EnvName, EnvValue, ModuleName, SysctlKey, SysctlValue};
pub use text::Invalid;
pub use web::HttpUrl;
pub use zone::TimeZone;
