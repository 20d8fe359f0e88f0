//! An image with a bundle behind its partitions: a stick that installs a machine and brings what it runs.
//!
//! The bundle is a FAT32 volume of its own, with the label by which nodes know a stick. It lies behind slot A; what the first boot
//! of the stick adds comes behind it.

use crate::image::{Image, ImageError, Patch};
use crate::zeros::is_zero;
use disk::gpt::{self, ALIGNMENT, Extent, Partition, Table, derive_guid, types};
use disk::layout::PartitionRole;
use formats::Window;
use formats::fat::{self, Kind, Label, LabelError, VolumeSpec};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The label by which a node knows a stick, and the partition's name.
const LABEL: &str = "HOLDFAST";
/// A file on FAT has less.
const LARGEST_FILE: u64 = 4 << 30;
/// The last cluster of each file is half empty, and folders take clusters, too.
const PER_FILE: u64 = 48 << 10;
/// Tables, and room for a note of whoever carries the stick.
const SPARE: u64 = 16 << 20;
/// So many clusters at least make a FAT32 (65,525, and some for tables).
const LEAST_CLUSTERS: u64 = 70_000;
const LEAST_VOLUME: u64 = LEAST_CLUSTERS * 512;

/// No image was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StickError {
    /// The image cannot be read.
    #[error("the image cannot be used")]
    Image(#[from] ImageError),
    /// A file of the bundle cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The image cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// FAT cannot hold it.
    #[error(
        "{} has {size} bytes, and files on the FAT of a bootable stick have less than 4 GiB: bring the bundle on a stick of its own with exFAT or ext4 (without --image)", path.display()
    )]
    LargeFile {
        /// Which.
        path: PathBuf,
        /// Its length.
        size: u64,
    },
    /// Its table has no room for one partition more.
    #[error("the image's partition table has no free entry, or already has a partition {LABEL}")]
    NoEntry,
    /// The volume cannot be made.
    #[error("cannot make the bundle's volume")]
    Volume(#[from] fat::Error),
    /// The label is none, which no release makes happen.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The table cannot be written.
    #[error("cannot write the partition table")]
    Table(#[from] gpt::WriteError),
}

/// A file of the bundle.
struct Item {
    from: PathBuf,
    to: String,
    size: u64,
}

/// Writes `image`, with `config` laid over it, and all files below `folder` behind it to the file `output`; gives the length.
///
/// # Errors
/// [`StickError`]; what is at `output` is no image then.
pub fn with_bundle(
    image: &Image,
    config: Option<&Patch>,
    folder: &Path,
    output: &Path,
) -> Result<u64, StickError> {
    let items = items(folder)?;
    let table = extended(image.table(), volume_size(&items)).ok_or(StickError::NoEntry)?;
    let failed = |source| StickError::Write {
        path: output.to_owned(),
        source,
    };
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(output).map_err(failed)?;
    file.set_len(table.disk_size()).map_err(failed)?;
    copy(image, config, &mut file, &failed)?;
    let extent = table.find(LABEL).map(|partition| table.extent(partition));
    fill(&file, extent.ok_or(StickError::NoEntry)?, &items, &failed)?;
    gpt::write(&mut file, &table)?;
    file.sync_all().map_err(failed)?;
    Ok(table.disk_size())
}

/// The table with one partition more, of `size` bytes, and a disk that ends behind it.
fn extended(table: &Table, size: u64) -> Option<Table> {
    let sector = table.sector.bytes();
    let first_lba = table.end_of_used();
    let number = table.free_number()?;
    if table.find(LABEL).is_some() {
        return None;
    }
    // The same bytes from the same image.
    let seed = table.role(PartitionRole::RootA)?.guid;
    let last_lba = first_lba + size / sector - 1;
    let mut new = table.clone();
    new.partitions.push(Partition {
        number,
        name: LABEL.into(),
        type_guid: types::BASIC_DATA,
        guid: derive_guid(seed.as_bytes(), LABEL),
        first_lba,
        last_lba,
        attributes: 0,
    });
    // The backup takes less.
    new.sectors = last_lba + 1 + ALIGNMENT / sector;
    Some(new)
}

fn items(folder: &Path) -> Result<Vec<Item>, StickError> {
    let mut items = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let failed = |source| StickError::Read {
            path: at.clone(),
            source,
        };
        for entry in fs::read_dir(&at).map_err(failed)? {
            let from = entry.map_err(failed)?.path();
            let facts = fs::metadata(&from).map_err(failed)?;
            if facts.is_dir() {
                folders.push(from);
                continue;
            }
            let size = facts.len();
            if size >= LARGEST_FILE {
                return Err(StickError::LargeFile { path: from, size });
            }
            let to = from.strip_prefix(folder).unwrap_or(&from);
            let to = to.to_string_lossy().into_owned();
            items.push(Item { from, to, size });
        }
    }
    items.sort_by(|one, other| one.to.cmp(&other.to));
    Ok(items)
}

fn volume_size(items: &[Item]) -> u64 {
    let bytes: u64 = items.iter().map(|item| item.size + PER_FILE).sum();
    (bytes + bytes / 64 + SPARE)
        .max(LEAST_VOLUME)
        .next_multiple_of(ALIGNMENT)
}

/// As large as FAT32 allows for so small a volume: fewer clusters are written faster.
fn cluster(size: u64) -> u32 {
    let wanted = (size / LEAST_CLUSTERS).clamp(512, 32768);
    // At most 32768.
    1 << (63 - wanted.leading_zeros())
}

fn copy(
    image: &Image,
    config: Option<&Patch>,
    file: &mut File,
    failed: &dyn Fn(io::Error) -> StickError,
) -> Result<(), StickError> {
    let mut stream = image.stream()?;
    let mut piece = vec![0; crate::PIECE];
    let mut offset = 0;
    while offset < image.size() {
        let left = image.size() - offset;
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let bytes = &mut piece[..length];
        stream.read_exact(bytes).map_err(ImageError::Read)?;
        if let Some(config) = config {
            config.lay_over(offset, bytes);
        }
        // The file is new: what is not written is zero.
        if !is_zero(bytes) {
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| file.write_all(bytes))
                .map_err(failed)?;
        }
        offset += length as u64;
    }
    Ok(())
}

fn fill(
    file: &File,
    extent: Extent,
    items: &[Item],
    failed: &dyn Fn(io::Error) -> StickError,
) -> Result<(), StickError> {
    let mut window = Window::new(file, extent.offset, extent.size).map_err(failed)?;
    let spec = VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new(LABEL)?,
        id: 0x484f_4c44,
        cluster: cluster(extent.size),
    };
    fat::format(&mut window, &spec)?;
    let volume = fat::open(window)?;
    for item in items {
        let mut content = File::open(&item.from).map_err(|source| StickError::Read {
            path: item.from.clone(),
            source,
        })?;
        volume.write_file(&item.to, &mut content)?;
    }
    Ok(volume.finish()?)
}
