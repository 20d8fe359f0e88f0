//! One key.

use super::error::KeyError;
use super::pem::why_no_key;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey};
use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tough::schema::RoleType;
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::{Ed25519Key, Ed25519Scheme, Key as PublicKey};

/// More than any key has.
const LARGEST: u64 = 64 << 10;

/// The beginning of a file that should be a key, whatever it is.
fn first_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A private key and what is public of it.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) file: PathBuf,
    pub(crate) public: PublicKey,
    pub(crate) id: Decoded<Hex>,
    secret: SigningKey,
}

impl Key {
    /// Where a role's key is.
    pub(super) fn file_of(folder: &Path, role: RoleType, number: u32) -> PathBuf {
        folder.join(format!("{role}-{number}.pem"))
    }

    /// Draws a key and writes it.
    pub(super) fn make(path: &Path) -> Result<Key, KeyError> {
        if path.exists() {
            return Err(KeyError::Write {
                path: path.to_owned(),
                source: io::ErrorKind::AlreadyExists.into(),
            });
        }
        let mut seed = [0; 32];
        let count = getrandom(&mut seed, GetRandomFlags::empty());
        match count {
            Ok(32) => {}
            Ok(_) => return Err(KeyError::Random(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => return Err(KeyError::Random(error.into())),
        }
        let key = Key::of(path, SigningKey::from_bytes(&seed))?;
        // Without the public half, which OpenSSL up to 3.0 does not read.
        let pair = KeypairBytes {
            secret_key: seed,
            public_key: None,
        };
        let pem = pair.to_pkcs8_pem(LineEnding::LF);
        let pem = pem.map_err(|error| KeyError::Sign(error.to_string()))?;
        host::file::write(path, 0o600, pem.as_bytes()).map_err(KeyError::write(path))?;
        Ok(key)
    }

    /// Reads a key.
    pub(super) fn read(path: &Path) -> Result<Key, KeyError> {
        let text = first_of(path).map_err(KeyError::read(path))?;
        let text = String::from_utf8_lossy(&text);
        let secret = SigningKey::from_pkcs8_pem(&text).map_err(|_| KeyError::NotAKey {
            path: path.to_owned(),
            why: why_no_key(&text),
        })?;
        Key::of(path, secret)
    }

    fn of(path: &Path, secret: SigningKey) -> Result<Key, KeyError> {
        let public = PublicKey::Ed25519 {
            keyval: Ed25519Key {
                public: secret.verifying_key().to_bytes().to_vec().into(),
                _extra: HashMap::new(),
            },
            scheme: Ed25519Scheme::Ed25519,
            _extra: HashMap::new(),
        };
        let id = public
            .key_id()
            .map_err(|error| KeyError::Sign(error.to_string()))?;
        Ok(Key {
            file: path.to_owned(),
            public,
            id,
            secret,
        })
    }

    /// Signs bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.secret.sign(bytes).to_bytes().to_vec()
    }
}
