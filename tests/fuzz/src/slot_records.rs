//! The record of U-Boot's slots.

use crate::Target;
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
    },
    folders: &[],
    made_seeds: || {
        let text = "done=1\ngood=holdfast_1.0.0.efi\nkept=holdfast_0.9.0.efi\nleft=2\ntrial=holdfast_1.1.0.efi\n";
        vec![text.into()]
    },
    words: &[
        "done=",
        "good=",
        "kept=",
        "left=",
        "trial=",
        "holdfast_",
        ".efi",
        "\n",
        "\0",
        "+",
    ],
};
