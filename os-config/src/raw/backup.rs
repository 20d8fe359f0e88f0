//! `backup:` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::values::{
    AccessKey, BackupPlace, BucketFolder, BucketName, Certificate, HttpUrl, Recipient, Region,
    Secret,
};

/// The node's backup: the cluster's objects and authorities, the node's identity and its configuration, encrypted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBackup {
    /// Public keys of age, `age1…`. Any one of their private keys, which are kept elsewhere, opens a backup. Without a key here there
    /// are no backups.
    #[schemars(extend("examples" = [["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]]))]
    pub(crate) recipients: Vec<Text<Recipient>>,
    /// Where `holdfast backup` puts it: `usb`, the stick that is plugged in, or a folder, such as where a network share is mounted, or
    /// `s3`, the bucket in `s3`. A folder on the node's own disk is lost with the disk.
    #[schemars(extend("default" = "usb", "examples" = ["/var/mnt/backups"]))]
    pub(crate) to: Option<Text<BackupPlace>>,
    /// Storage that speaks S3: a bucket of a provider, or of a server in the shop.
    pub(crate) s3: Option<RawBucket>,
    /// How often one is made without being asked for, in hours. Without it, only `holdfast backup` makes one.
    #[schemars(extend("examples" = [24], "minimum" = 1, "maximum" = 8760))]
    pub(crate) every_hours: Option<u32>,
    /// How many backups of this node are kept there; older ones are removed when a new one is complete.
    #[schemars(extend("default" = 7, "minimum" = 1, "maximum" = 1000))]
    pub(crate) keep: Option<u32>,
}

/// A bucket.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBucket {
    /// The server, without the bucket's name. Backups are encrypted before they leave the node, so that plain http gives away no more
    /// than their size and time.
    #[schemars(extend("examples" = ["https://s3.eu-central-1.amazonaws.com", "http://192.168.1.5:9000"]))]
    pub(crate) endpoint: Option<Text<HttpUrl>>,
    /// The bucket's name.
    #[schemars(extend("examples" = ["shop-backups"]))]
    pub(crate) bucket: Option<Text<BucketName>>,
    /// A folder in it.
    #[schemars(extend("examples" = ["stores/berlin"]))]
    pub(crate) folder: Option<Text<BucketFolder>>,
    /// The region that requests are signed for. The default is `us-east-1`, which servers without regions take.
    #[schemars(extend("examples" = ["eu-central-1"]))]
    pub(crate) region: Option<Text<Region>>,
    /// The key's name. It needs the rights to put, list, read and delete what is in the folder.
    pub(crate) access_key: Option<Text<AccessKey>>,
    /// The key's secret.
    #[schemars(extend("x-secret" = "always"))]
    pub(crate) secret_key: Option<Text<Secret>>,
    /// Authorities to trust besides Mozilla's, as PEM text.
    pub(crate) ca: Option<Text<Certificate>>,
}
