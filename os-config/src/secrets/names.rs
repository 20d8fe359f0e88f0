//! Names that people give to secrets.

/// Parts of names that people give to secrets: `AWS_SECRET_ACCESS_KEY`, `oidc-client-secret`.
pub(super) const SECRET_PARTS: [&str; 11] = [
    "passphrase",
    "password",
    "passwd",
    "secret",
    "token",
    "credential",
    "access_key",
    "accesskey",
    "api_key",
    "apikey",
    "private_key",
];

/// Short words for secrets, which are parts of harmless ones: `DB_PASS`, but not `COMPASS`.
pub(super) const SECRET_SHORT: [&str; 5] = ["pass", "pwd", "pat", "psk", "creds"];

/// True for a name that sounds like that of a secret.
pub(super) fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    SECRET_PARTS.iter().any(|part| key.contains(part))
        || key
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| SECRET_SHORT.contains(&word))
}

/// Words after which a secret stands on the same line.
pub(super) const SECRET_WORDS: [&str; 3] = ["password", "passphrase", "token"];
