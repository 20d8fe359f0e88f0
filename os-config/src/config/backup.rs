//! The node's backup.

use serde::{Deserialize, Serialize};

use crate::values::{
    AccessKey, BackupPlace, BucketFolder, BucketName, HttpUrl, Pem, Recipient, Region, Secret,
};

/// The node's backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Whom it is encrypted to; without any there are no backups.
    pub recipients: Vec<Recipient>,
    /// Where it goes.
    pub to: BackupPlace,
    /// The bucket, where there is one.
    #[serde(default)]
    pub s3: Option<Bucket>,
    /// How often one is made without being asked for, in hours.
    #[serde(default)]
    pub every_hours: Option<u32>,
    /// How many are kept there, at least one.
    pub keep: u32,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            to: BackupPlace::Usb,
            s3: None,
            every_hours: None,
            keep: 7,
        }
    }
}

/// Storage that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The server, without the bucket's name.
    pub endpoint: HttpUrl,
    /// The bucket.
    pub bucket: BucketName,
    /// The folder in it; none is its top.
    pub folder: Option<BucketFolder>,
    /// What requests are signed for.
    pub region: Region,
    /// The name of the key.
    pub access_key: AccessKey,
    /// Its secret.
    pub secret_key: Secret,
    /// Authorities to trust besides Mozilla's.
    pub ca: Option<Pem>,
}
