//! The steps of an installation, as data.

use crate::Signature;
use crate::mark;
use disk::Geometry;
use disk::gpt::{self, ALIGNMENT, Extent, Table, Uuid};
use disk::layout::{self, LayoutError, PartitionRole, installed_partitions};

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Writes zeros: what was known of the disk is forgotten.
    Erase(Extent),
    /// Waits until the device has everything.
    Flush,
    /// Shows the kernel the partition table as it is now.
    RereadTable,
    /// Writes the mark.
    Mark,
    /// Makes the boot partition's file system and copies its files.
    Boot(Extent),
    /// Makes CONFIG's file system and writes its files.
    Config(Extent),
    /// Copies the root image with its hash tree.
    Root(Extent),
    /// Reads the boot partition's files back and compares.
    VerifyBoot(Extent),
    /// Reads CONFIG's files back and compares.
    VerifyConfig(Extent),
    /// Reads the root back and checks it against its hash.
    VerifyRoot(Extent),
    /// Writes the partition table: the copy at the end, the one at the beginning, the protective MBR, a flush after each.
    Table,
    /// Reads both copies back and compares.
    VerifyTable,
}

/// What is to be done to a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The table that the disk gets: complete, with a state partition that the first boot formats.
    pub table: Table,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// The disk cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It has no room for what an image has.
    #[error("it is too small: {0}")]
    Partitions(#[from] gpt::PlanError),
    /// It has no room for what the first boot wants.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The root does not fit its slot.
    #[error("the root image has {image} bytes and its partition {slot}")]
    Root {
        /// Bytes of the image with its tree.
        image: u64,
        /// Bytes of a slot.
        slot: u64,
    },
}

/// Plans an installation. `root_type` is the GPT type of the architecture's roots, `root_size` the bytes of the image with its tree,
/// `signatures` what the disk is known by. `random` draws 16 random bytes.
///
/// # Errors
/// The disk is too small.
pub fn plan(
    geometry: Geometry,
    root_type: Uuid,
    root_size: u64,
    signatures: &[Signature],
    mut random: impl FnMut() -> [u8; 16],
) -> Result<Plan, PlanError> {
    let size = geometry.sectors * geometry.sector.bytes();
    // The real ones are drawn below; these only have to differ.
    let guid = |name: &str| gpt::derive_guid(b"install", name);
    let partitions = installed_partitions(geometry.sector, root_type, guid);
    let image = Table::plan(geometry.sector, guid("disk"), &partitions, Some(size))?;
    // The first boot's own plan: so it finds a table that it has nothing to add to, and the disk's GUIDs stay as they are.
    let table = layout::plan(&image, geometry.sectors, &mut random)?.table;
    let extent = |role| {
        let partition = table.role(role);
        partition
            .map(|partition| table.extent(partition))
            .ok_or(LayoutError::Missing(role_name(role)))
    };
    let (boot, config, root) = (
        extent(PartitionRole::Boot)?,
        extent(PartitionRole::Config)?,
        extent(PartitionRole::RootA)?,
    );
    if root_size > root.size {
        return Err(PlanError::Root {
            image: root_size,
            slot: root.size,
        });
    }
    let mut steps = erasures(size, signatures);
    steps.extend([Step::Flush, Step::RereadTable, Step::Mark, Step::Flush]);
    steps.extend([
        Step::Boot(boot),
        Step::Config(config),
        Step::Root(root),
        Step::Flush,
    ]);
    steps.extend([
        Step::VerifyBoot(boot),
        Step::VerifyConfig(config),
        Step::VerifyRoot(root),
    ]);
    steps.extend([Step::Table, Step::VerifyTable, Step::RereadTable]);
    Ok(Plan { table, steps })
}

const fn role_name(role: PartitionRole) -> &'static str {
    role.name()
}

/// The disk's beginning first, so that firmware and kernel no longer find anything; its end, where tables and RAIDs have copies; and
/// every signature between.
fn erasures(size: u64, signatures: &[Signature]) -> Vec<Step> {
    // A RAID of an old last partition ended there: its superblock would be found at the end of the new one.
    let tail = size.saturating_sub(2 * ALIGNMENT);
    let outer = [(0, ALIGNMENT.min(size)), (tail, size - tail)];
    let between = signatures
        .iter()
        .map(|signature| (signature.offset, signature.length))
        .filter(|(offset, length)| *offset >= ALIGNMENT && offset + length <= tail);
    outer
        .into_iter()
        .chain(between)
        .map(|(offset, size)| Step::Erase(Extent { offset, size }))
        .collect()
}

const _: () = assert!(mark::AT < ALIGNMENT);
