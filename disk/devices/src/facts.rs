//! What the kernel says of a disk.

use std::fmt;
use std::path::{Path, PathBuf};

/// A whole disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The kernel's name: `sdb`.
    pub name: String,
    /// Its device numbers, as `8:16`.
    pub numbers: String,
    /// Counts up with every disk that is plugged in, so that another disk of the same name is noticed.
    pub sequence: Option<u64>,
    /// In bytes; 0 when nothing is in the reader.
    pub size: u64,
    /// Bytes of a sector.
    pub sector: u64,
    /// It may not be written.
    pub read_only: bool,
    /// The kernel says that its medium can be taken out.
    pub removable: bool,
    /// How it is connected.
    pub transport: Transport,
    /// What its maker calls it.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its partitions, as the kernel knows them.
    pub parts: Vec<Part>,
    /// Whatever uses it, or what is on it.
    pub uses: Vec<Use>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The kernel's name: `sdb1`.
    pub name: String,
    /// The name of its file system or its own.
    pub label: Option<String>,
}

/// How a disk is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// USB.
    Usb,
    /// A card in a slot of the machine itself.
    Sd,
    /// Flash that is soldered in.
    Emmc,
    /// NVMe.
    Nvme,
    /// SATA.
    Sata,
    /// A virtual machine's.
    Virtio,
    /// A file as a disk.
    Loop,
    /// Memory, or several disks as one: nothing that is ever taken out.
    Made,
    /// Anything else.
    Other,
}

/// That something uses a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What is used: the disk, a partition, or what was made of it.
    pub node: String,
    /// By what.
    pub kind: UseKind,
}

/// What uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseKind {
    /// Its file system is mounted here.
    Mounted(PathBuf),
    /// It is swap.
    Swap,
    /// LVM, RAID, encryption or the like made this of it.
    PartOf(String),
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usb => "usb",
            Self::Sd => "sd",
            Self::Emmc => "emmc",
            Self::Nvme => "nvme",
            Self::Sata => "sata",
            Self::Virtio => "virtio",
            Self::Loop => "loop",
            Self::Made => "virtual",
            Self::Other => "other",
        })
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = &self.node;
        match &self.kind {
            UseKind::Mounted(at) => write!(f, "{node} is mounted at {}", at.display()),
            UseKind::Swap => write!(f, "{node} is swap"),
            UseKind::PartOf(made) => write!(f, "{node} is part of {made}"),
        }
    }
}

impl Disk {
    /// Its file in `/dev`.
    pub fn path(&self) -> PathBuf {
        // The kernel writes ! for / in names such as cciss/c0d0.
        Path::new("/dev").join(self.name.replace('!', "/"))
    }

    /// Its model, or a word for it.
    pub fn title(&self) -> &str {
        self.model.as_deref().unwrap_or("unknown model")
    }

    /// What is on it, in a few words.
    pub fn content(&self) -> String {
        match self.parts.as_slice() {
            [] => "no partitions".to_owned(),
            parts => {
                let names = parts
                    .iter()
                    .map(|part| part.label.as_deref().unwrap_or(&part.name));
                names.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Its size for people, as its maker counts.
    pub fn size_text(&self) -> String {
        match self.size {
            0 => "no medium".to_owned(),
            small if small < 1_000_000_000 => format!("{:.0} MB", small as f64 / 1e6),
            size => format!("{:.1} GB", size as f64 / 1e9),
        }
    }
}
