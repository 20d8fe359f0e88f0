//! The node's backup.

use super::Checker;
use crate::config::{Backup, Bucket};
use crate::raw::{RawBackup, RawBucket};
use crate::values::{BackupPlace, Region};

pub(super) fn backup(c: &mut Checker, raw: Option<&RawBackup>) -> Backup {
    let Some(raw) = raw else {
        return Backup::default();
    };
    c.at("backup", |c| {
        let usual = Backup::default();
        if raw
            .every_hours
            .is_some_and(|hours| !(1..=8760).contains(&hours))
        {
            c.at("every_hours", |c| {
                c.wrong(
                    "it is not between 1 and 8760, the hours of a year",
                    "write 24 for one a day",
                );
            });
        }
        if raw.every_hours.is_some() && raw.recipients.is_empty() {
            c.missing(
                "recipients",
                "name the public key that backups are encrypted to, or remove `every_hours`",
            );
        }
        if raw.keep.is_some_and(|keep| !(1..=1000).contains(&keep)) {
            c.at("keep", |c| {
                c.wrong(
                    "it is not between 1 and 1000",
                    "write how many backups are kept",
                );
            });
        }
        let s3 = raw.s3.as_ref().and_then(|raw| bucket(c, raw));
        let to = c.value("to", &raw.to).unwrap_or(usual.to);
        if to == BackupPlace::Bucket && raw.s3.is_none() {
            c.missing(
                "s3",
                "say which bucket: endpoint, bucket, access_key, secret_key",
            );
        }
        Backup {
            recipients: c.texts("recipients", &raw.recipients),
            to,
            s3,
            every_hours: raw.every_hours,
            keep: raw.keep.unwrap_or(usual.keep),
        }
    })
}

fn bucket(c: &mut Checker, raw: &RawBucket) -> Option<Bucket> {
    c.at("s3", |c| {
        for (key, there, help) in [
            (
                "endpoint",
                raw.endpoint.is_some(),
                "write the server's address, as in https://s3.example",
            ),
            ("bucket", raw.bucket.is_some(), "write the bucket's name"),
            (
                "access_key",
                raw.access_key.is_some(),
                "write the name of a key that may write to the bucket",
            ),
            (
                "secret_key",
                raw.secret_key.is_some(),
                "write the key's secret",
            ),
        ] {
            if !there {
                c.missing(key, help);
            }
        }
        let region = c.value("region", &raw.region);
        let (endpoint, bucket) = (
            c.value("endpoint", &raw.endpoint),
            c.value("bucket", &raw.bucket),
        );
        let folder = c.value("folder", &raw.folder);
        let ca = c.value("ca", &raw.ca);
        let (access_key, secret_key) = (
            c.value("access_key", &raw.access_key),
            c.value("secret_key", &raw.secret_key),
        );
        Some(Bucket {
            endpoint: endpoint?,
            bucket: bucket?,
            folder,
            region: region.or_else(|| Region::parse("us-east-1").ok())?,
            access_key: access_key?,
            secret_key: secret_key?,
            ca,
        })
    })
}
