//! Values that must not be printed.

use super::text::{Invalid, secret_type, text_value};

secret_type! {
    /// Any secret text: a registry's password or token. Not empty, one line.
    Secret, check_secret,
    const PATTERN: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";
    const LOOSE: bool = true;
}
secret_type! {
    /// A WPA passphrase of 8 to 63 characters, or a key of 64 hexadecimal digits.
    WifiPassphrase, check_wifi,
    const PATTERN: &str = r"^([ -~]{8,63}|[0-9A-Fa-f]{64})$";
    const LOOSE: bool = true;
}
secret_type! {
    /// One or more PEM blocks: a certificate, a chain, a private key.
    Pem, check_pem,
    const PATTERN: &str = "-----BEGIN ";
}

fn check_secret(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Invalid::new(
            "the secret is empty or holds a control character",
            "write it in one line",
        ));
    }
    Ok(text.to_owned())
}

fn check_wifi(text: &str) -> Result<String, Invalid> {
    let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let key = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if key || (printable && (8..=63).contains(&text.len())) {
        return Ok(text.to_owned());
    }
    let foreign = text.chars().position(|c| !(' '..='~').contains(&c));
    if let Some((at, c)) = foreign.and_then(|at| text.chars().nth(at).map(|c| (at, c))) {
        return Err(Invalid::new(
            format!(
                "a Wi-Fi passphrase has only letters without accents, digits and signs (ASCII), and character {} is {}",
                at + 1,
                if c.is_control() {
                    "a control character".to_owned()
                } else {
                    format!("`{c}`")
                }
            ),
            "give the network another passphrase, or write its key as 64 hexadecimal digits",
        ));
    }
    Err(Invalid::new(
        format!(
            "a Wi-Fi passphrase has 8 to 63 characters, this one {}",
            text.chars().count()
        ),
        "write the passphrase of the network, or its key as 64 hexadecimal digits; leave the key out for an open network",
    ))
}

fn check_pem(text: &str) -> Result<String, Invalid> {
    let begin = text.find("-----BEGIN ");
    let end = text.rfind("-----END ");
    match (begin, end) {
        (Some(begin), Some(end)) if begin < end => Ok(format!("{}\n", text.trim())),
        _ => Err(Invalid::new(
            "this is not PEM text",
            "paste the whole block with its BEGIN and END lines, as a literal block (`|`)",
        )),
    }
}

/// A certificate, or a chain of them.
#[derive(Debug)]
pub(crate) enum Certificate {}
text_value! {
    Certificate => Pem, certificate,
    const PATTERN: &str = "-----BEGIN ";
}

/// A private key.
#[derive(Debug)]
pub(crate) enum PrivateKey {}
text_value! {
    PrivateKey => Pem, private_key,
    const PATTERN: &str = "-----BEGIN ";
}

fn certificate(text: &str) -> Result<Pem, Invalid> {
    holding(text, "CERTIFICATE-----", "a certificate")
}

fn private_key(text: &str) -> Result<Pem, Invalid> {
    holding(text, "PRIVATE KEY-----", "a private key")
}

fn holding(text: &str, label: &str, what: &str) -> Result<Pem, Invalid> {
    let pem = Pem::parse(text)?;
    if pem.as_str().contains(label) {
        return Ok(pem);
    }
    Err(Invalid::new(
        format!("this PEM text is not {what}"),
        "paste the whole block with its BEGIN and END lines",
    ))
}
