//! The partitions of a Holdfast disk, as data.

use uuid::Uuid;

use crate::Sector;
use crate::gpt::{NewPartition, types};

const MIB: u64 = 1024 * 1024;

/// What a partition is for. Its GPT name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionRole {
    /// What the firmware reads: boot loader and UKIs, or what chooses a slot's own boot partition.
    Boot,
    /// What the firmware starts of slot A, where it starts kernels by itself.
    BootA,
    /// The same of slot B.
    BootB,
    /// `config.yaml`.
    Config,
    /// Slot A.
    RootA,
    /// Slot B.
    RootB,
    /// What lasts.
    State,
}

/// What is fixed about one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What it is for.
    pub role: PartitionRole,
    /// Its GPT name.
    pub name: &'static str,
    /// Its GPT type.
    pub partition_type: Type,
    /// Its length.
    pub size: Size,
    /// Who makes it.
    pub made_by: MadeBy,
}

/// What kind of partition the table says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// EFI system partition.
    Esp,
    /// Plain data, which every desktop system shows.
    BasicData,
    /// Root file system; each architecture has a GUID of its own.
    Root,
    /// Linux data.
    LinuxData,
}

/// How long a partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many bytes.
    Bytes(u64),
    /// As long as the partition of slot A on the same disk.
    AsRootA,
    /// All that is left, at least so many bytes.
    Rest(u64),
}

/// Who makes a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeBy {
    /// It is in the image that is flashed.
    Image,
    /// It is there if the board's firmware starts kernels by itself, from a boot partition of each slot.
    ImageWithSlotBoots,
    /// The first boot, which knows how large the disk is.
    FirstBoot,
}

/// All partitions, in the order in which they lie on the disk and are numbered.
pub const LAYOUT: [Place; 7] = [
    Place {
        role: PartitionRole::Boot,
        name: "boot",
        partition_type: Type::Esp,
        size: Size::Bytes(256 * MIB),
        made_by: MadeBy::Image,
    },
    Place {
        role: PartitionRole::BootA,
        name: "boot-a",
        partition_type: Type::BasicData,
        size: Size::Bytes(256 * MIB),
        made_by: MadeBy::ImageWithSlotBoots,
    },
    Place {
        role: PartitionRole::BootB,
        name: "boot-b",
        partition_type: Type::BasicData,
        size: Size::Bytes(256 * MIB),
        made_by: MadeBy::ImageWithSlotBoots,
    },
    Place {
        role: PartitionRole::Config,
        name: "CONFIG",
        partition_type: Type::BasicData,
        size: Size::Bytes(64 * MIB),
        made_by: MadeBy::Image,
    },
    Place {
        role: PartitionRole::RootA,
        name: "root-a",
        partition_type: Type::Root,
        size: Size::Bytes(512 * MIB),
        made_by: MadeBy::Image,
    },
    Place {
        role: PartitionRole::RootB,
        name: "root-b",
        partition_type: Type::Root,
        size: Size::AsRootA,
        made_by: MadeBy::FirstBoot,
    },
    Place {
        role: PartitionRole::State,
        name: "state",
        partition_type: Type::LinuxData,
        // Less cannot hold a cluster's database and images.
        size: Size::Rest(1024 * MIB),
        made_by: MadeBy::FirstBoot,
    },
];

/// What the state partition is called until its formatting has ended.
pub const STATE_UNFORMATTED: &str = "state-new";

impl PartitionRole {
    /// What is fixed about its partition.
    pub const fn place(self) -> &'static Place {
        // The order of the enum is that of the list; a test holds them together.
        &LAYOUT[self as usize]
    }

    /// Its partition's GPT name.
    pub const fn name(self) -> &'static str {
        self.place().name
    }
}

/// The partitions of an image to be flashed. `root` is the GPT type of the architecture's root file systems, `guid` gives
/// the partition of a name its identity.
pub fn image_partitions(root: Uuid, guid: impl Fn(&str) -> Uuid) -> Vec<NewPartition> {
    partitions_made_by(&[MadeBy::Image], root, guid)
}

/// As [`image_partitions`], for a board whose slots have boot partitions of their own: the second and the third of the disk. All
/// three are of the type that the Raspberry Pi's own images have there (rpi-image-gen, `image/gpt/ab_userdata`); no UEFI firmware
/// looks for them.
pub fn image_partitions_with_slot_boots(
    root: Uuid,
    guid: impl Fn(&str) -> Uuid,
) -> Vec<NewPartition> {
    let makers = [MadeBy::Image, MadeBy::ImageWithSlotBoots];
    let mut partitions = partitions_made_by(&makers, root, guid);
    for partition in &mut partitions {
        if partition.name == PartitionRole::Boot.name() {
            partition.type_guid = types::BASIC_DATA;
        }
    }
    partitions
}

fn partitions_made_by(
    makers: &[MadeBy],
    root: Uuid,
    guid: impl Fn(&str) -> Uuid,
) -> Vec<NewPartition> {
    LAYOUT
        .iter()
        .filter(|place| makers.contains(&place.made_by))
        .filter_map(|place| match place.size {
            Size::Bytes(size) => Some((place, size)),
            Size::AsRootA | Size::Rest(_) => None,
        })
        .map(|(place, size)| NewPartition {
            name: place.name.into(),
            type_guid: place.partition_type.guid(root),
            guid: guid(place.name),
            size,
            attributes: 0,
        })
        .collect()
}

/// The boot partition's length on sectors of 4096 bytes: a FAT32 has 65525 clusters at least, and there a cluster is no smaller.
const BOOT_ON_LARGE_SECTORS: u64 = 272 * MIB;

/// As [`image_partitions`], for an installation onto a disk with such sectors.
pub fn installed_partitions(
    sector: Sector,
    root: Uuid,
    guid: impl Fn(&str) -> Uuid,
) -> Vec<NewPartition> {
    let mut partitions = image_partitions(root, guid);
    for partition in &mut partitions {
        if sector == Sector::Bytes4096 && partition.name == PartitionRole::Boot.name() {
            partition.size = BOOT_ON_LARGE_SECTORS;
        }
    }
    partitions
}

impl Type {
    /// The GPT's GUID for it; `root` is that of the architecture's root file systems.
    pub const fn guid(self, root: Uuid) -> Uuid {
        match self {
            Self::Esp => types::ESP,
            Self::BasicData => types::BASIC_DATA,
            Self::Root => root,
            Self::LinuxData => types::LINUX_DATA,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LAYOUT, MadeBy, Size, image_partitions, image_partitions_with_slot_boots};
    use crate::gpt::{derive_guid, types};

    #[test]
    fn every_role_has_its_own_place() {
        for (index, place) in LAYOUT.iter().enumerate() {
            assert_eq!(place.role as usize, index, "{}", place.name);
            assert_eq!(place.role.place(), place);
            let fixed = matches!(place.size, Size::Bytes(_));
            assert_eq!(fixed, place.made_by != MadeBy::FirstBoot, "{}", place.name);
        }
    }

    #[test]
    fn an_image_has_what_the_first_boot_does_not_make() {
        let parts = image_partitions(types::ROOT_ARM64, |name| derive_guid(b"test", name));
        let told: Vec<_> = parts
            .iter()
            .map(|p| (p.name.as_str(), p.type_guid, p.size >> 20))
            .collect();
        assert_eq!(
            told,
            [
                ("boot", types::ESP, 256),
                ("CONFIG", types::BASIC_DATA, 64),
                ("root-a", types::ROOT_ARM64, 512),
            ]
        );
        assert_eq!(parts[2].guid, derive_guid(b"test", "root-a"));
        // The firmware chooses the slots' own ones by these numbers.
        let parts = image_partitions_with_slot_boots(types::ROOT_ARM64, |_| types::ESP);
        let names: Vec<_> = parts.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["boot", "boot-a", "boot-b", "CONFIG", "root-a"]);
    }
}
