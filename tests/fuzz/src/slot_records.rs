//! The records of the slots: U-Boot's, and that of the Raspberry Pi's firmware.

use crate::Target;
use slots::tryboot;
use slots::u_boot::{RECORD_SIZE, Record};

pub(crate) const TARGET: Target = Target {
    name: "slot-record",
    run: |input| {
        // As it is, and with the checksum that lets its lines be read.
        let mut summed = input[..input.len().min(RECORD_SIZE - 4)].to_vec();
        summed.resize(RECORD_SIZE - 4, 0);
        summed.extend(crc32fast::hash(&summed).to_le_bytes());
        for bytes in [input, &summed] {
            match Record::parse(bytes) {
                Ok(record) => assert_eq!(Record::parse(&record.render()), Ok(record)),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        let text: Vec<u8> = input.iter().take(400).copied().collect();
        let mut summed = [
            &text[..],
            format!("# sum={:08x}\n", crc32fast::hash(&text)).as_bytes(),
        ]
        .concat();
        summed.resize(tryboot::RECORD_SIZE, b'\n');
        for bytes in [input, &summed] {
            match tryboot::Record::parse(bytes) {
                Ok(record) => assert_eq!(record.render()[..], *bytes),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    },
    folders: &[],
    made_seeds: || {
        let text = "done=1\ngood=holdfast_1.0.0.efi\nkept=holdfast_0.9.0.efi\nleft=2\ntrial=holdfast_1.1.0.efi\n";
        let spare = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n# Written by Holdfast: the slot that starts, and what is in both.\n# a=holdfast_1.0.0.efi\n# b=holdfast_1.1.0.efi\n# size=9\n# left=1\n# done=0\n";
        vec![text.into(), spare.into()]
    },
    words: &[
        "done=",
        "good=",
        "kept=",
        "left=",
        "trial=",
        "boot_partition=",
        "# a=",
        "# b=",
        "# size=",
        "holdfast_",
        ".efi",
        "\n",
        "\0",
        "+",
    ],
};
