//! The steps of writing an image, as data.

use crate::PIECE;

/// How much of the disk's end is erased. The backup of an older partition table and most RAIDs are in its last megabyte; the RAID of
/// Promise is 3087 sectors before the end, and that of a partition that ended where ours will, a megabyte before it, up to 768 KiB
/// before that.
const TAIL: u64 = 2 << 20;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Writes zeros, so that nothing of an older table is left.
    Erase {
        /// Where from.
        offset: u64,
        /// How much.
        length: u64,
    },
    /// Writes all pieces of the image but its first.
    WriteBody,
    /// Waits until the device has everything.
    Flush,
    /// Reads back all pieces but the first, and compares.
    VerifyBody,
    /// Writes the first piece, with the partition table.
    WriteHead,
    /// Reads back the first piece, and compares.
    VerifyHead,
    /// Shows the kernel the partition table as it is now.
    RereadTable,
}

/// The steps that put an image of `image` bytes onto a disk of `disk` bytes, which is at least as long; both are of whole
/// sectors.
///
/// Stopped after any of them, or in one, the disk has either no partition table or, behind the last `WriteHead`, one whose
/// image was read back.
pub fn plan(image: u64, disk: u64) -> Vec<Step> {
    let head = image.min(PIECE as u64);
    let mut steps = vec![Step::Erase {
        offset: 0,
        length: head,
    }];
    let tail = TAIL.min(disk.saturating_sub(image));
    if tail > 0 {
        steps.push(Step::Erase {
            offset: disk - tail,
            length: tail,
        });
    }
    steps.extend([Step::Flush, Step::RereadTable]);
    if image > head {
        steps.extend([Step::WriteBody, Step::Flush, Step::VerifyBody]);
    }
    steps.extend([
        Step::WriteHead,
        Step::Flush,
        Step::VerifyHead,
        Step::RereadTable,
    ]);
    steps
}

#[cfg(test)]
mod tests {
    use super::{Step, plan};

    const MIB: u64 = 1 << 20;

    fn erased(offset: u64, length: u64) -> Step {
        Step::Erase { offset, length }
    }

    #[test]
    fn the_table_goes_on_last_and_after_the_rest_was_read_back() {
        use Step::{Flush, RereadTable, VerifyBody, VerifyHead, WriteBody, WriteHead};
        let head = [WriteHead, Flush, VerifyHead, RereadTable];
        let body = [WriteBody, Flush, VerifyBody];
        let first = [erased(0, 4 * MIB)];
        for (name, image, disk, tail, has_body) in [
            (
                "a card",
                800 * MIB,
                4096 * MIB,
                Some((4094 * MIB, 2 * MIB)),
                true,
            ),
            (
                "an odd length",
                800 * MIB,
                4096 * MIB + 512,
                Some((4094 * MIB + 512, 2 * MIB)),
                true,
            ),
            ("just as long", 800 * MIB, 800 * MIB, None, true),
            (
                "hardly longer",
                800 * MIB,
                801 * MIB,
                Some((800 * MIB, MIB)),
                true,
            ),
            (
                "one piece",
                4 * MIB,
                8 * MIB,
                Some((6 * MIB, 2 * MIB)),
                false,
            ),
        ] {
            let mut expected = first.to_vec();
            expected.extend(tail.map(|(offset, length)| erased(offset, length)));
            expected.extend([Flush, RereadTable]);
            if has_body {
                expected.extend(body);
            }
            expected.extend(head);
            assert_eq!(plan(image, disk), expected, "{name}");
        }
    }
}
