//! The cryptography underneath.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use std::io;

/// What a refusal of the library is to who reads a file.
pub(super) fn refused(what: &'static str) -> io::Error {
    io::Error::other(what)
}

pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| refused("the machine gives no random numbers"))?;
    Ok(bytes)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA256 to 32 bytes.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    let key_of = Salt::new(HKDF_SHA256, salt).extract(secret);
    let info = [info];
    key_of
        .expand(&info, Length(32))
        .and_then(|derived| derived.fill(&mut key))
        .map_err(|_| refused("a key cannot be derived"))?;
    Ok(key)
}

/// The public half of a private key.
pub(super) fn public(private: &[u8; 32]) -> io::Result<[u8; 32]> {
    let wrong = || refused("this is no private key");
    let key = PrivateKey::from_private_key(&X25519, private).map_err(|_| wrong())?;
    let public = key.compute_public_key().map_err(|_| wrong())?;
    public.as_ref().try_into().map_err(|_| wrong())
}

/// The key that wraps a file key: of one's own private key and the other's public key.
///
/// An all-zero agreement, which a hostile public key leads to, is refused by the library.
pub(super) fn wrapping(
    private: &[u8; 32],
    other: &[u8; 32],
    share: &[u8; 32],
    recipient: &[u8; 32],
) -> io::Result<[u8; 32]> {
    let wrong = || refused("the keys do not agree");
    let key = PrivateKey::from_private_key(&X25519, private).map_err(|_| wrong())?;
    let other = UnparsedPublicKey::new(&X25519, other);
    let salt = [share.as_slice(), recipient].concat();
    agree(&key, other, wrong(), |shared| {
        derive(shared, &salt, b"age-encryption.org/v1/X25519")
    })
}
