//! The age encryption format, version 1, with X25519 recipients: <https://github.com/C2SP/C2SP/blob/main/age.md>.
//!
//! Our own, over the cryptography that the image has already for TLS and signatures: the crate `age` brings a translation system and
//! post-quantum key encapsulation, and with them more than the image has room for. The program `age` is the judge in the tests, both ways.

mod header;
mod identity;
mod keys;
mod stream;

pub use header::HeaderError;
pub use identity::{Identity, IdentityError};
pub use stream::{Reader, Writer};

use os_config::Recipient;
use std::io::{self, Read, Write};

/// Begins an age file for `recipients`: what is written to the result is encrypted. [`Writer::finish`] ends it.
///
/// # Errors
/// What writing fails with.
pub fn encrypt<W: Write>(recipients: &[Recipient], mut to: W) -> io::Result<Writer<W>> {
    let file_key = keys::random::<16>()?;
    to.write_all(header::write(&file_key, recipients)?.as_bytes())?;
    let nonce = keys::random::<16>()?;
    to.write_all(&nonce)?;
    Writer::new(keys::derive(&file_key, &nonce, b"payload")?, to)
}

/// Opens an age file with a key. What is read from the result is genuine; only its end shows that it is whole.
///
/// # Errors
/// It is no age file, or not for this key.
pub fn decrypt<R: Read>(identity: &Identity, mut from: R) -> Result<Reader<R>, HeaderError> {
    let file_key = header::read(&mut from, identity)?;
    let mut nonce = [0; 16];
    from.read_exact(&mut nonce)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => HeaderError::Truncated,
            _ => HeaderError::Read(error),
        })?;
    let key = keys::derive(&file_key, &nonce, b"payload")?;
    Ok(Reader::new(key, from)?)
}

#[cfg(test)]
mod tests;
