//! The mark of an installation: one block between the partition table and the first partition.
//!
//! It is written before anything else, so that a disk on which an installation was interrupted is known again; it stays, so that a
//! stick knows the disk that it has installed already. It decides nothing alone: [`crate::inspect`] holds it against the table.

use disk::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use uuid::Uuid;

/// Where it is: behind the table, before the first partition, on a block of any disk's sectors.
pub(crate) const AT: u64 = 512 * 1024;
const LENGTH: usize = 4096;
const MAGIC: &[u8; 16] = b"HOLDFAST INSTALL";

/// What the mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The GUID of the disk in the table that is written last.
    pub disk: Uuid,
    /// What was installed: [`Mark::key`].
    pub key: String,
    /// The release, for people.
    pub release: String,
}

impl Mark {
    /// What tells one installation from another: the stick's `config.yaml` and the root that is installed.
    pub fn key(config: &[u8], root_hash: &str) -> String {
        let mut hash = Sha256::new();
        hash.update((config.len() as u64).to_le_bytes());
        hash.update(config);
        hash.update(root_hash.as_bytes());
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The mark on a disk; none if there is none, or a damaged one.
    ///
    /// # Errors
    /// The disk cannot be read there.
    pub fn read(store: &impl Store) -> io::Result<Option<Self>> {
        let mut block = vec![0; LENGTH];
        store.read_at(AT, &mut block)?;
        Ok(Self::parse(&block))
    }

    /// Reads a block: magic, length, digest, JSON.
    fn parse(block: &[u8]) -> Option<Self> {
        let rest = block.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_at_checked(4)?;
        let (digest, rest) = rest.split_at_checked(32)?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let json = rest.get(..usize::try_from(length).ok()?)?;
        if Sha256::digest(json)[..] != *digest {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    /// The block.
    ///
    /// # Errors
    /// It does not fit, which no release's name makes happen.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        let length = u32::try_from(json.len()).map_err(io::Error::other)?;
        let mut block = MAGIC.to_vec();
        block.extend(length.to_le_bytes());
        block.extend(Sha256::digest(&json));
        block.extend(json);
        if block.len() > LENGTH {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        block.resize(LENGTH, 0);
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::{AT, LENGTH, MAGIC, Mark};
    use disk::Store;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn any_block_is_judged_without_panic(rest in prop::collection::vec(any::<u8>(), 0..200)) {
            let block = [&MAGIC[..], &rest].concat();
            assert_eq!(Mark::parse(&block), None);
            assert_eq!(Mark::parse(&rest), None);
        }
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_a_torn_one_is_none() {
        let mark = Mark {
            disk: Uuid::from_u128(7),
            key: Mark::key(b"version: 1\n", "ab"),
            release: "0.1.0".into(),
        };
        let mut disk = vec![0; AT as usize + LENGTH];
        assert_eq!(Mark::read(&disk).expect("read"), None);
        disk.write_at(AT, &mark.encode().expect("fits"))
            .expect("fits");
        assert_eq!(Mark::read(&disk).expect("read"), Some(mark));
        for at in [0, 17, 40, 60] {
            let mut torn = disk.clone();
            torn[AT as usize + at] ^= 1;
            assert_eq!(Mark::read(&torn).expect("read"), None, "{at}");
        }
        assert!(Mark::read(&vec![0; 1024]).is_err());
        assert_ne!(Mark::key(b"a", "b"), Mark::key(b"ab", ""));
    }
}
