//! A program's sections as text, for people and for golden tests.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::image::ParseError;
use super::reader::{arch, sections};

/// One line for each section of `program`, with the hash of its content.
///
/// # Errors
/// When it is no EFI program that we take.
pub fn dump(program: &[u8]) -> Result<String, ParseError> {
    let mut out = format!("efi program {:?} {} bytes\n", arch(program)?, program.len());
    for s in sections(program)? {
        let digest = Sha256::digest(s.data);
        let short: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<9} address {:#010x} memory {:>9} offset {:#010x} content {:>9} sha256 {short}",
            s.name,
            s.address,
            s.virtual_size,
            s.offset,
            s.data.len()
        );
    }
    Ok(out)
}
