//! What the builder needs to know of a board.

use crate::error::{Error, Result};

/// A board, as far as the image depends on it.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) name: String,
    pub(crate) arch: String,
    /// Kernel command line beyond what every image has.
    pub(crate) cmdline: Vec<String>,
    pub(crate) initramfs_modules: Vec<String>,
}

impl Board {
    pub(crate) fn find(name: &str) -> Result<Self> {
        match name {
            "qemu-x86_64" | "nuc" => Ok(Self {
                name: name.to_owned(),
                arch: "amd64".into(),
                cmdline: ["console=tty0", "console=ttyS0,115200"].map(str::to_owned).to_vec(),
                initramfs_modules: Vec::new(),
            }),
            other => Err(Error::Wrong(format!("no board {other:?}"))),
        }
    }
}
