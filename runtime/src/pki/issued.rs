//! A leaf and its key, as text.

/// A leaf and its key, PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued(..)")
    }
}

impl Issued {
    /// Both in one text. Kept in one file they are replaced in one rename, so no component ever reads a certificate
    /// with another one's key; Go's loader and openssl take each part from it.
    pub fn combined(&self) -> String {
        format!("{}{}", self.certificate, self.key)
    }
}

impl Issued {
    /// The parts of [`Issued::combined`].
    pub fn split(combined: &str) -> Self {
        let key = combined
            .find("-----BEGIN PRIVATE KEY")
            .unwrap_or(combined.len());
        let (certificate, key) = combined.split_at(key);
        Self {
            certificate: certificate.into(),
            key: key.into(),
        }
    }
}
