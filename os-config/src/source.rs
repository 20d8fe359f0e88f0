//! Where configuration comes from, in the order in which later wins.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A file larger than this is no configuration.
pub const LARGEST_TEXT: usize = 1 << 20;

/// The places configuration comes from. The order is fixed: a later one wins over an earlier one, key by key.
///
/// Built-in defaults come before all of them and are no source: they fill what no source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    /// `/usr/lib/holdfast/default-config.yaml`, sealed in the image.
    Image,
    /// `config.yaml` on the CONFIG partition.
    ConfigPartition,
    /// `config.yaml` on a USB stick.
    UsbStick,
    /// What `config_url` names.
    Url,
    /// `holdfast.KEY=VALUE` on the kernel's command line.
    CommandLine,
}

impl SourceName {
    /// All of them, the weakest first.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::ConfigPartition,
        Self::UsbStick,
        Self::Url,
        Self::CommandLine,
    ];
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::ConfigPartition => "CONFIG partition",
            Self::UsbStick => "USB stick",
            Self::Url => "URL",
            Self::CommandLine => "kernel command line",
        })
    }
}

/// One text with configuration.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which of the places it is.
    pub name: SourceName,
    /// The file's path or the URL, as it shall stand in messages.
    pub origin: String,
    /// The bytes as they were read: YAML, or the whole kernel command line.
    pub text: Vec<u8>,
}

impl Source {
    /// A source as it was read.
    pub fn new(name: SourceName, origin: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            origin: origin.into(),
            text: text.into(),
        }
    }
}

/// All texts of one node, kept in the fixed order whatever the order of adding; two of one place keep theirs.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// No source: the built-in defaults alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Just one file, as `holdfast config check FILE` has it.
    pub fn one(origin: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self::new().with(Source::new(SourceName::ConfigPartition, origin, text))
    }

    /// Adds a source.
    #[must_use]
    pub fn with(mut self, source: Source) -> Self {
        self.add(source);
        self
    }

    /// Adds a source.
    pub fn add(&mut self, source: Source) {
        let at = self.0.partition_point(|other| other.name <= source.name);
        self.0.insert(at, source);
    }

    /// The sources, the weakest first.
    pub fn as_slice(&self) -> &[Source] {
        &self.0
    }
}
