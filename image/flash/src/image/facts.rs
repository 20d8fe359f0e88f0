//! What an image is, found by reading as little of it as possible.

use super::ImageError;
use super::checksum::{self, Sum};
use super::packing::Packing;
use disk::gpt::{self, Table, types};
use disk::layout::PartitionRole;
use disk::{Geometry, Sector};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The table is within it, and so is nothing else.
const HEAD: u64 = 1 << 20;

/// Longer than any disk. The table says how long the image should be; being shorter is told as that, not as a damaged table.
const ENDLESS: u64 = 1 << 60;

/// An image that can be flashed.
#[derive(Debug, Clone)]
pub struct Image {
    path: PathBuf,
    packing: Packing,
    table: Table,
}

impl Image {
    /// Looks at an image: what it is, and that it is as long as it should be, unless only unpacking can tell.
    ///
    /// # Errors
    /// It is no whole Holdfast image.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let mut file = File::open(path).map_err(ImageError::Read)?;
        let facts = file.metadata().map_err(ImageError::Read)?;
        if !facts.is_file() {
            return Err(ImageError::NotAFile);
        }
        if facts.len() == 0 {
            return Err(ImageError::Empty);
        }
        let mut first = Vec::new();
        (&mut file)
            .take(64)
            .read_to_end(&mut first)
            .map_err(ImageError::Read)?;
        let packing = Packing::of(path, &first)?;
        let length = match packing {
            Packing::None => Some(facts.len()),
            Packing::Zstd => zstd::zstd_safe::get_frame_content_size(&first).unwrap_or(None),
        };
        let mut head = Vec::new();
        open(path, packing)
            .and_then(|stream| stream.take(HEAD).read_to_end(&mut head))
            .map_err(ImageError::Read)?;
        let table = table(&head)?;
        let image = Self {
            path: path.to_owned(),
            packing,
            table,
        };
        match length {
            Some(found) if found < image.size() => Err(ImageError::Short {
                found,
                expected: image.size(),
            }),
            Some(found) if found > image.size() => Err(ImageError::Long {
                expected: image.size(),
            }),
            _ => Ok(image),
        }
    }

    /// Compares its digest with `IMAGE.sha256` beside it, if there is one; without, a packed image is unpacked to its end, where
    /// its own checksum is. Either reads the whole file, before anything is written.
    ///
    /// # Errors
    /// It is another one, or not whole.
    pub fn check_whole(&self) -> Result<Sum, ImageError> {
        let sum = checksum::check(&self.path)?;
        if self.packing == Packing::Zstd && matches!(sum, Sum::NotSaid { .. }) {
            let mut stream = self.stream()?.take(self.size() + 1);
            let found = io::copy(&mut stream, &mut io::sink()).map_err(ImageError::Read)?;
            let expected = self.size();
            if found < expected {
                return Err(ImageError::Short { found, expected });
            } else if found > expected {
                return Err(ImageError::Long { expected });
            }
        }
        Ok(sum)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes, unpacked.
    pub const fn size(&self) -> u64 {
        self.table.disk_size()
    }

    /// Its partition table.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The processors that it is for.
    pub fn architecture(&self) -> &'static str {
        match self
            .table
            .role(PartitionRole::RootA)
            .map(|root| root.type_guid)
        {
            Some(types::ROOT_X86_64) => "x86-64",
            Some(types::ROOT_ARM64) => "64-bit ARM",
            _ => "an unknown processor",
        }
    }

    /// The same as container images call it; none where it is not known.
    pub fn platform(&self) -> Option<&'static str> {
        match self.table.role(PartitionRole::RootA)?.type_guid {
            types::ROOT_X86_64 => Some("amd64"),
            types::ROOT_ARM64 => Some("arm64"),
            _ => None,
        }
    }

    /// Its bytes from the first, unpacked.
    ///
    /// # Errors
    /// The file is gone.
    pub fn stream(&self) -> Result<Box<dyn Read + Send>, ImageError> {
        open(&self.path, self.packing).map_err(ImageError::Read)
    }
}

fn open(path: &Path, packing: Packing) -> io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    Ok(match packing {
        Packing::None => Box::new(file),
        Packing::Zstd => Box::new(zstd::Decoder::new(file)?),
    })
}

fn table(head: &[u8]) -> Result<Table, ImageError> {
    let geometry = Geometry::new(Sector::Bytes512, ENDLESS);
    let table = gpt::current(&head.to_vec(), geometry)
        .map_err(|error| ImageError::NoTable(error.primary))?;
    if table.is_holdfast() && table.role(PartitionRole::Config).is_some() {
        return Ok(table);
    }
    let names: Vec<&str> = table
        .partitions
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    Err(ImageError::OtherPartitions {
        found: match names.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        },
    })
}
