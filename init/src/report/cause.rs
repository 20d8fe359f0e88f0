//! Failures with what caused them.

use std::error::Error;

/// The failure with its causes, on one line.
pub(crate) fn with_cause(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::with_cause;
    use crate::modules::LoadError;
    use disk::gpt::{Damage, ReadError, WriteError};
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
            assert_eq!(with_cause(error), expected);
        }
    }
}
