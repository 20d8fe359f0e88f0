//! Who vouches for a listing: ed25519 keys and signatures as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use std::str::FromStr;

const KIND: &str = "ed25519:";

/// A key that signs, as a workstation has it.
#[derive(Debug)]
pub struct PrivateKey(SigningKey);

/// A key that signatures are judged by; as text `ed25519:` and the key in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// A signature of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it is said to be.
    pub key: PublicKey,
    bytes: [u8; 64],
}

/// A text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A public key has a form of its own.
    #[error("{0:?} is no public key of the form `ed25519:` and 44 characters of base64")]
    Public(String),
    /// A private key is PKCS#8.
    #[error("it is no ed25519 key in PKCS#8 ({0}); `openssl genpkey -algorithm ed25519` makes one")]
    Private(String),
}

impl PrivateKey {
    /// From the text of a PKCS#8 file.
    ///
    /// # Errors
    /// It is none.
    pub fn from_pem(text: &str) -> Result<PrivateKey, KeyError> {
        let key = SigningKey::from_pkcs8_pem(text);
        let key = key.map_err(|error| KeyError::Private(error.to_string()))?;
        Ok(PrivateKey(key))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature {
            key: self.public(),
            bytes: self.0.sign(bytes).to_bytes(),
        }
    }
}

impl Signature {
    /// Whether its key made it for these bytes.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.bytes);
        // Strict: a key of small order would have signed everything.
        VerifyingKey::from_bytes(&self.key.0)
            .is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        let key = text.strip_prefix(KIND);
        let bytes = key.and_then(|key| STANDARD.decode(key).ok());
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .filter(|bytes| VerifyingKey::from_bytes(bytes).is_ok())
            .map(PublicKey)
            .ok_or_else(|| KeyError::Public(text.chars().take(80).collect()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{KIND}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.key, STANDARD.encode(self.bytes))
    }
}

impl FromStr for Signature {
    type Err = KeyError;

    fn from_str(line: &str) -> Result<Signature, KeyError> {
        let wrong = || KeyError::Public(line.chars().take(80).collect());
        let (key, bytes) = line.split_once(' ').ok_or_else(wrong)?;
        let bytes = STANDARD.decode(bytes.trim()).map_err(|_| wrong())?;
        Ok(Signature {
            key: key.parse()?,
            bytes: bytes.try_into().map_err(|_| wrong())?,
        })
    }
}
