//! That the state partition shall be made new at the next boot, because a person asked for it: kept in the partition table, where it
//! is one write that a cut does not tear.
//!
//! The request is the partition's name: one that was never formatted is formatted at the next boot, and until that has ended at every
//! boot after it. So there is no second way of making it new. What else is asked for stands in attributes beside
//! [`super::when_damaged`]'s.

use super::partitions::STATE_UNFORMATTED;
use crate::gpt::Table;

/// Bit 51: `config.yaml` goes, too.
const CONFIG: u64 = 1 << 51;
/// Bit 52: what was on the partition is overwritten before.
const WIPE: u64 = 1 << 52;

/// How far a machine is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// State alone: the machine begins again with the configuration that it has.
    KeepConfig,
    /// State and configuration: the machine is as it was flashed.
    Everything,
    /// As [`Reset::Everything`], and nothing of it can be read from the disk any more.
    WipeSecrets,
}

impl Reset {
    /// Whether `config.yaml` goes.
    pub const fn forgets_config(self) -> bool {
        !matches!(self, Self::KeepConfig)
    }

    const fn bits(self) -> u64 {
        match self {
            Self::KeepConfig => 0,
            Self::Everything => CONFIG,
            Self::WipeSecrets => CONFIG | WIPE,
        }
    }
}

impl Table {
    /// The table that asks for a reset; none if it has no state partition, or is to be formatted anyway and asks for as much.
    pub fn with_reset(&self, reset: Reset) -> Option<Self> {
        self.with_state_entry(|entry| {
            entry.name = STATE_UNFORMATTED.into();
            entry.attributes = (entry.attributes & !(CONFIG | WIPE)) | reset.bits();
        })
    }

    /// What was asked for; none on an ordinary boot. On a first boot, which nobody asked for, [`Reset::KeepConfig`], which is what is
    /// done there.
    pub fn reset(&self) -> Option<Reset> {
        let number = self.state().filter(|state| state.is_new)?.number;
        let entry = self.partitions.iter().find(|p| p.number == number)?;
        Some(match entry.attributes {
            bits if bits & WIPE != 0 => Reset::WipeSecrets,
            bits if bits & CONFIG != 0 => Reset::Everything,
            _ => Reset::KeepConfig,
        })
    }

    /// Takes back what else was asked for, as it is done.
    pub(super) fn forget_reset(&mut self, number: u32) {
        let entry = self.partitions.iter_mut().find(|p| p.number == number);
        if let Some(entry) = entry {
            entry.attributes &= !(CONFIG | WIPE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reset;
    use crate::gpt::{Table, current, write};
    use crate::layout::small_table::small_table;
    use crate::layout::{WhenDamaged, format_done, plan};
    use crate::{Geometry, Sector};

    const SIZE: u64 = 64 << 20;

    fn table(names: &[&str]) -> Table {
        small_table(names, 0, Some(SIZE))
    }

    #[test]
    fn a_request_is_on_the_disk_until_it_is_carried_out_and_no_longer() {
        let geometry = Geometry::new(Sector::Bytes512, SIZE);
        for reset in [Reset::KeepConfig, Reset::Everything, Reset::WipeSecrets] {
            let mut disk = vec![0; usize::try_from(SIZE).expect("small")];
            let before = table(&["boot", "root-a", "root-b", "state"]);
            let before = before
                .with_when_damaged(WhenDamaged::Stop)
                .expect("a change");
            assert_eq!(before.reset(), None);
            write(&mut disk, &before).expect("written");
            let asked = before.with_reset(reset).expect("a change");
            assert_eq!(asked.with_reset(reset), None, "no second write");
            write(&mut disk, &asked).expect("written");
            // As often as boots are cut off, also when the disk has grown.
            for _ in 0..3 {
                let found = current(&disk, geometry).expect("a table");
                let found = plan(&found, SIZE / 512, || [7; 16]).expect("a plan").table;
                assert_eq!(found.reset(), Some(reset));
                assert!(found.state().is_some_and(|state| state.is_new));
            }
            let done = format_done(&asked).expect("new");
            assert_eq!(done.reset(), None);
            assert_eq!(done, before, "{reset:?}: it leaves nothing");
        }
    }

    #[test]
    fn a_later_request_counts_and_a_disk_without_state_has_none() {
        let more = table(&["boot", "state"]).with_reset(Reset::WipeSecrets);
        let less = more.expect("a change").with_reset(Reset::KeepConfig);
        assert_eq!(less.expect("a change").reset(), Some(Reset::KeepConfig));
        assert_eq!(table(&["boot"]).with_reset(Reset::Everything), None);
        // A first boot is one that keeps the configuration.
        assert_eq!(table(&["state-new"]).reset(), Some(Reset::KeepConfig));
        assert_eq!(table(&["state-new"]).with_reset(Reset::KeepConfig), None);
    }
}
