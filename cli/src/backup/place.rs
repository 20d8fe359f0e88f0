//! Where a backup goes, and what happens there to older ones.

use super::name::{ENDING, too_many};
use crate::stick::Stick;
use anyhow::{Context, bail};
use backup::Bucket;
use host::{file, folder};
use init_api::{Root, paths};
use os_config::{BackupPlace, Config};
use std::fs;
use std::path::{Path, PathBuf};

/// Where backups go, by the configuration or a command.
#[derive(Debug)]
pub(super) enum Place {
    /// The USB stick.
    Stick,
    /// A folder of the node.
    Folder(PathBuf),
    /// Storage that speaks S3.
    Bucket(Box<os_config::Bucket>),
}

impl Place {
    /// Where the configuration says.
    ///
    /// # Errors
    /// As [`Place::bucket`].
    pub(super) fn configured(config: &Config) -> anyhow::Result<Self> {
        match &config.backup.to {
            BackupPlace::Usb => Ok(Self::Stick),
            BackupPlace::Folder(path) => Ok(Self::Folder(PathBuf::from(path.as_str()))),
            BackupPlace::Bucket => Self::bucket(config),
        }
    }

    /// The configuration's bucket.
    ///
    /// # Errors
    /// It has none.
    pub(super) fn bucket(config: &Config) -> anyhow::Result<Self> {
        let Some(settings) = &config.backup.s3 else {
            bail!("the configuration names no bucket: `backup.s3` says which")
        };
        Ok(Self::Bucket(Box::new(settings.clone())))
    }

    /// Opens it for writing.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn open(self, root: &Root) -> anyhow::Result<Open> {
        match self {
            Self::Stick => Stick::open(root, true).map(Open::Stick),
            Self::Folder(path) if path.is_dir() => Ok(Open::Folder(path)),
            Self::Folder(path) => bail!(
                "there is no folder {}: make it, or mount what belongs there",
                path.display()
            ),
            Self::Bucket(settings) => {
                let at = copies(root)?;
                Ok(Open::Bucket(Box::new(Bucket::new(&settings)?), at))
            }
        }
    }
}

/// The folder for copies of what is in a bucket, empty: what an earlier run left there was cut off.
///
/// # Errors
/// It cannot be made.
pub(crate) fn copies(root: &Root) -> anyhow::Result<PathBuf> {
    let at = root.path(paths::BACKUP_COPIES);
    folder::remove(&at)
        .and_then(|_| fs::create_dir_all(&at))
        .with_context(|| format!("cannot make the folder {}", at.display()))?;
    Ok(at)
}

/// A place that takes a backup.
#[derive(Debug)]
pub(super) enum Open {
    Stick(Stick),
    Folder(PathBuf),
    /// With the folder that a copy is made in first.
    Bucket(Box<Bucket>, PathBuf),
}

impl Open {
    /// Where the file is made.
    pub(super) fn folder(&self) -> PathBuf {
        match self {
            Self::Stick(stick) => stick.folder(),
            Self::Folder(path) | Self::Bucket(_, path) => path.clone(),
        }
    }

    /// Ends with the file `name` of `size` KiB, which is in [`Open::folder`] and goes on to where it belongs; of `series` only `keep`
    /// stay. Says where it is.
    ///
    /// # Errors
    /// It cannot be put there, or older ones cannot be removed.
    pub(super) fn finish(
        self,
        name: &str,
        size: u64,
        series: &str,
        keep: u32,
    ) -> anyhow::Result<String> {
        match self {
            Self::Stick(stick) => {
                forget_old(&stick.folder(), series, name, keep)?;
                let device = stick.device().to_owned();
                stick.close()?;
                Ok(format!(
                    "{name} ({size} KiB) is on the USB stick {device}, which can be pulled out now"
                ))
            }
            Self::Folder(path) => {
                forget_old(&path, series, name, keep)?;
                Ok(format!("{} ({size} KiB)", path.join(name).display()))
            }
            Self::Bucket(bucket, copies) => {
                let sent = bucket.put(name, &copies.join(name));
                // It is in the bucket, or will be made anew.
                let _ = folder::remove(&copies);
                sent?;
                for old in too_many(bucket.list(series)?, series, name, keep) {
                    bucket.remove(&old)?;
                }
                Ok(format!("{name} ({size} KiB) is in the bucket"))
            }
        }
    }
}

/// Removes all but the newest, by the times in their names; never the one that was just made.
fn forget_old(folder: &Path, series: &str, made: &str, keep: u32) -> anyhow::Result<()> {
    let names = fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(ENDING));
    for name in too_many(names.collect(), series, made, keep) {
        let path = folder.join(name);
        file::remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}
