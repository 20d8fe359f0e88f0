//! Names in the container and Kubernetes world.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text::{Invalid, quoted, text_type, text_value};

text_type! {
    /// A registry's host with an optional port, `registry.example:5000`; `*` stands for every registry.
    RegistryHost, check_registry,
    const PATTERN: &str = r"^(\*|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:\+?[0-9]+)?)$";
}
text_type! {
    /// A manifest's file name without folder: letters, digits, `-`, `_`, `.`.
    ManifestName, check_manifest,
    const PATTERN: &str = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$";
}
text_type! {
    /// An ed25519 key that signatures are judged by: `ed25519:` and its 32 bytes in base64.
    SigningKey, check_signing_key,
    const PATTERN: &str = r"^ed25519:[A-Za-z0-9+/]{43}=$";
}
text_type! {
    /// A Kubernetes component's flag without its dashes, `max-pods`.
    FlagName, check_flag,
    const PATTERN: &str = r"^-*[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
}

/// A registry's host by its own name: `*` names none.
#[derive(Debug)]
pub(crate) enum NamedHost {}
text_value! {
    NamedHost => RegistryHost, RegistryHost::parse,
    const PATTERN: &str = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:\+?[0-9]+)?$";
}

fn check_signing_key(text: &str) -> Result<String, Invalid> {
    let bytes = text
        .strip_prefix("ed25519:")
        .map(|key| STANDARD.decode(key));
    match bytes {
        Some(Ok(bytes)) if bytes.len() == 32 => Ok(text.to_owned()),
        _ => Err(Invalid::new(
            format!("{} is not a public key", quoted(text)),
            "write it as `holdfast bundle --key` prints it: ed25519: and 44 characters of base64",
        )),
    }
}

fn check_registry(text: &str) -> Result<String, Invalid> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let wrong = || {
        Invalid::new(
            format!("{} is not a registry's host", quoted(text)),
            "write the host as in an image's name, such as docker.io or registry.example:5000, without https://",
        )
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(wrong());
    }
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let sound = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.contains(':') && super::host::ServerAddress::parse(host).is_ok(),
    };
    if sound {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(wrong())
    }
}

fn check_manifest(text: &str) -> Result<String, Invalid> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if text.is_empty() || text.len() > 200 || text.starts_with('.') || !text.bytes().all(inner) {
        return Err(Invalid::new(
            format!("{} is not a name for a manifest", quoted(text)),
            "use letters, digits, \"-\", \"_\" and \".\", such as my-app.yaml",
        ));
    }
    Ok(text.to_owned())
}

fn check_flag(text: &str) -> Result<String, Invalid> {
    let name = text.trim_start_matches('-');
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.ends_with('-') || name.len() > 100 || !name.bytes().all(inner) {
        return Err(Invalid::new(
            format!("{} is not the name of a flag", quoted(text)),
            "write it as in the component's reference, without dashes in front: max-pods",
        ));
    }
    Ok(name.to_owned())
}
