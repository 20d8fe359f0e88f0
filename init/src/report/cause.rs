//! That our own errors say each cause once.

use crate::modules::LoadError;
use disk::gpt::{Damage, ReadError, WriteError};
use host::with_causes;
use std::error::Error;
use std::io;

#[test]
fn each_cause_stands_once() {
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let read = ReadError {
        primary: Damage::Signature,
        backup: Damage::HeaderChecksum,
    };
    let write = WriteError::Primary {
        sector: 2,
        source: full(),
    };
    let module = LoadError::Module {
        path: "a.ko".into(),
        source: full(),
    };
    let cases: [(&dyn Error, &str); 4] = [
        (&full(), "no storage space"),
        (&module, "cannot load module a.ko: no storage space"),
        (
            &write,
            "cannot write the partition table at sector 2: no storage space",
        ),
        (
            &WriteError::Read(read),
            "no usable partition table; at the start: no GPT signature; at the end: header checksum is wrong",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(with_causes(error), expected);
    }
}
