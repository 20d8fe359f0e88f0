//! One command to the TPM: extending a PCR. It is 65 bytes, of which none depends on what the TPM answers, so no library is asked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// The PCR that the stub measures the UKI into.
const PCR: u32 = 11;

/// Extends PCR 11: from then on, until the machine starts again, it is none that a UKI is signed for.
///
/// # Errors
/// The device does not answer, or the TPM refuses.
pub(super) fn extend(device: &Path) -> io::Result<()> {
    let mut tpm = File::options().read(true).write(true).open(device)?;
    tpm.write_all(&command())?;
    let mut answer = [0; 4096];
    let length = tpm.read(&mut answer)?;
    match code(&answer[..length]) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::other(format!("the TPM answers {code:#x}"))),
        None => Err(io::Error::other("the TPM answers nothing that makes sense")),
    }
}

/// `TPM2_PCR_Extend` of the SHA-256 bank (TCG, TPM 2.0 Library, Part 3, 22.2), authorised by the empty password (Part 1, 19.4).
fn command() -> Vec<u8> {
    let body = [
        &0x0000_0182_u32.to_be_bytes()[..], // TPM_CC_PCR_Extend
        &PCR.to_be_bytes(),
        &9_u32.to_be_bytes(),           // the length of what authorises
        &0x4000_0009_u32.to_be_bytes(), // TPM_RS_PW
        &[0, 0, 0, 0, 0],               // no nonce, no attributes, no password
        &1_u32.to_be_bytes(),           // one digest
        &0x000b_u16.to_be_bytes(),      // TPM_ALG_SHA256
        b"holdfast: the state was opened.\n",
    ]
    .concat();
    let length = u32::try_from(body.len() + 6).unwrap_or_default();
    // TPM_ST_SESSIONS
    [&0x8002_u16.to_be_bytes()[..], &length.to_be_bytes(), &body].concat()
}

/// The response code: after a tag of two bytes and a length of four.
fn code(answer: &[u8]) -> Option<u32> {
    let code = answer.get(6..10)?;
    Some(u32::from_be_bytes(code.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{code, command};

    #[test]
    fn the_command_is_as_long_as_it_says() {
        let command = command();
        assert_eq!(command.len(), 65);
        assert_eq!(command[..10], [0x80, 2, 0, 0, 0, 65, 0, 0, 1, 0x82]);
        assert_eq!(command[command.len() - 32..].len(), 32, "a digest");
    }

    #[test]
    fn an_answer_has_a_code() {
        for (answer, expected) in [
            (&[0x80, 2, 0, 0, 0, 19, 0, 0, 0, 0, 0][..], Some(0)),
            (&[0x80, 1, 0, 0, 0, 10, 0, 0, 9, 7], Some(0x907)),
            (&[0x80, 1, 0, 0], None),
            (&[], None),
        ] {
            assert_eq!(code(answer), expected, "{answer:?}");
        }
    }
}
