//! An empty volume.

use std::io::{Read, Seek, SeekFrom, Write};

use fatfs::{FatType, FormatVolumeOptions};

use super::{Error, Kind, VolumeSpec};

/// Makes an empty file system that fills `disk`, for disks with sectors of 512 bytes.
///
/// # Errors
/// When the sizes do not give the wanted kind, or the disk refuses a write.
pub fn format<D: Read + Write + Seek>(disk: &mut D, spec: &VolumeSpec) -> Result<(), Error> {
    format_on(disk, spec, 512)
}

/// As [`format`], for a disk with sectors of so many bytes: Linux mounts no volume that counts in smaller ones than its disk. A
/// cluster has at least one sector.
///
/// # Errors
/// As [`format`].
pub fn format_on<D: Read + Write + Seek>(
    disk: &mut D,
    spec: &VolumeSpec,
    sector: u16,
) -> Result<(), Error> {
    let kind = spec.kind;
    let failed = |source| Error::Format { kind, source };
    let size = disk.seek(SeekFrom::End(0)).map_err(failed)?;
    check_clusters(spec, size, sector)?;
    disk.rewind().map_err(failed)?;
    let options = FormatVolumeOptions::new()
        .fat_type(match kind {
            Kind::Fat16 => FatType::Fat16,
            Kind::Fat32 => FatType::Fat32,
        })
        .bytes_per_sector(sector)
        .bytes_per_cluster(spec.cluster)
        .volume_id(spec.id)
        .volume_label(spec.label.bytes());
    fatfs::format_volume(&mut *disk, options).map_err(failed)
}

/// Firmware tells FAT16 from FAT32 by the number of clusters alone, so it must be right.
fn check_clusters(spec: &VolumeSpec, size: u64, sector: u16) -> Result<(), Error> {
    let wrong = |advice| Error::Clusters {
        kind: spec.kind,
        size,
        cluster: spec.cluster,
        advice,
    };
    if !spec.cluster.is_power_of_two()
        || !(512..=32768).contains(&spec.cluster)
        || spec.cluster < u32::from(sector)
    {
        return Err(wrong("512 to 32768 byte"));
    }
    let most = size / u64::from(spec.cluster);
    // At worst, this many clusters are the tables' own (two FATs, root directory, reserved).
    let least =
        size.saturating_sub(2 * 4 * (most + 2) + 128 * u64::from(sector)) / u64::from(spec.cluster);
    match spec.kind {
        Kind::Fat16 if most >= 65525 => Err(wrong("larger")),
        Kind::Fat16 if least < 4085 => Err(wrong("smaller")),
        Kind::Fat32 if least < 65525 => Err(wrong("smaller")),
        Kind::Fat16 | Kind::Fat32 => Ok(()),
    }
}
