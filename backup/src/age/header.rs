//! The header: the file key, wrapped for each recipient, and a code that shows that nobody changed it.

use super::identity::Identity;
use super::keys;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use os_config::Recipient;
use std::io::{self, Read};

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
/// A header with hundreds of recipients is shorter.
const LONGEST: usize = 64 * 1024;
/// A file key and the code of its encryption.
const WRAPPED: usize = 16 + 16;

/// An age file that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// It is something else.
    #[error("this is no backup of Holdfast: it does not begin with {VERSION:?}")]
    Foreign,
    /// It ends before its content.
    #[error("the file is cut off: it ends within its header")]
    Truncated,
    /// Nothing in it is wrapped for this key.
    #[error(
        "the backup was not encrypted to this key: none of its recipients (`backup.recipients` of the node's config.yaml) belongs to it, or its header is damaged"
    )]
    OtherKey,
    /// It was changed.
    #[error("the header is damaged, or was changed")]
    Damaged,
    /// Reading failed.
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
}

/// Wraps a file key for each recipient.
pub(super) fn write(file_key: &[u8; 16], recipients: &[Recipient]) -> io::Result<String> {
    let mut text = format!("{VERSION}\n");
    for recipient in recipients {
        let ephemeral = keys::random::<32>()?;
        let share = keys::public(&ephemeral)?;
        let other = recipient.bytes();
        let key = keys::wrapping(&ephemeral, &other, &share, &other)?;
        let mut body = file_key.to_vec();
        aead(&key)?
            .seal_in_place_append_tag(zero(), Aad::empty(), &mut body)
            .map_err(|_| keys::refused("the file key cannot be wrapped"))?;
        text += &format!(
            "-> {X25519} {}\n{}\n",
            BASE64.encode(share),
            BASE64.encode(body)
        );
    }
    text += "---";
    let code = hmac::sign(&code_key(file_key)?, text.as_bytes());
    Ok(format!("{text} {}\n", BASE64.encode(code)))
}

/// Reads the header, up to its last byte and no further; gives the file key.
pub(super) fn read(from: &mut impl Read, identity: &Identity) -> Result<[u8; 16], HeaderError> {
    let mut signed = format!("{VERSION}\n");
    let mut first = vec![0; signed.len()];
    let mut length = 0;
    while length < first.len() {
        match from.read(&mut first[length..])? {
            0 if signed.as_bytes().starts_with(&first[..length]) => {
                return Err(HeaderError::Truncated);
            }
            0 => return Err(HeaderError::Foreign),
            read => length += read,
        }
    }
    if first != signed.as_bytes() {
        return Err(HeaderError::Foreign);
    }
    let mut found = None;
    let mut next = line(from)?;
    loop {
        if let Some(code) = next.strip_prefix("---") {
            signed += "---";
            let code = code.strip_prefix(' ').and_then(|it| BASE64.decode(it).ok());
            let (file_key, code) = (
                found.ok_or(HeaderError::OtherKey)?,
                code.ok_or(HeaderError::Damaged)?,
            );
            return match hmac::verify(&code_key(&file_key)?, signed.as_bytes(), &code) {
                Ok(()) => Ok(file_key),
                Err(_) => Err(HeaderError::Damaged),
            };
        }
        let arguments = next.strip_prefix("-> ").ok_or(HeaderError::Damaged)?;
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        signed += &format!("{next}\n");
        // Its body goes on as long as its lines are full.
        let mut body = String::new();
        loop {
            next = line(from)?;
            if next.starts_with("-> ") || next.starts_with("---") {
                break;
            }
            signed += &format!("{next}\n");
            if signed.len() > LONGEST {
                return Err(HeaderError::Damaged);
            }
            body += &next;
        }
        if found.is_none() && arguments.first().is_some_and(|kind| kind == X25519) {
            found = unwrapped(&arguments, &body, identity)?;
        }
    }
}

/// The file key, if it was wrapped for this key.
fn unwrapped(
    arguments: &[String],
    body: &str,
    identity: &Identity,
) -> Result<Option<[u8; 16]>, HeaderError> {
    let decoded = |text: &String| BASE64.decode(text).ok();
    let share: Option<[u8; 32]> = arguments
        .get(1)
        .and_then(decoded)
        .and_then(|share| share.try_into().ok());
    let body = BASE64.decode(body).ok().filter(|it| it.len() == WRAPPED);
    let (Some(share), Some(mut body)) = (share, body) else {
        return Err(HeaderError::Damaged);
    };
    let own = identity.public()?;
    let key = keys::wrapping(identity.private(), &share, &share, &own)?;
    let opened = aead(&key)?.open_in_place(zero(), Aad::empty(), &mut body);
    Ok(opened.ok().and_then(|key| <[u8; 16]>::try_from(&*key).ok()))
}

fn aead(key: &[u8; 32]) -> io::Result<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, key)
        .map(LessSafeKey::new)
        .map_err(|_| keys::refused("this is no key"))
}

/// Each key wraps once.
fn zero() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn code_key(file_key: &[u8; 16]) -> io::Result<hmac::Key> {
    let key = keys::derive(file_key, &[], b"header")?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

/// A line without its end. Byte by byte: what follows the header belongs to the content.
fn line(from: &mut impl Read) -> Result<String, HeaderError> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match from.read_exact(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(HeaderError::Truncated);
            }
            other => other?,
        }
        match byte[0] {
            b'\n' => break,
            // What begins as a backup is none of somebody else's any more.
            _ if line.len() > 1024 => return Err(HeaderError::Damaged),
            byte => line.push(byte),
        }
    }
    String::from_utf8(line).map_err(|_| HeaderError::Damaged)
}
