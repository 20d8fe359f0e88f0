//! Names and addresses of machines.

use std::net::IpAddr;

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// A machine's own name: RFC 1123 labels in lower case, dots allowed, 63 bytes at most (Linux allows 64).
    Hostname, check_hostname,
    const PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    const LONGEST: Option<u32> = Some(63);
}
text_type! {
    /// A DNS domain such as `cluster.local` or `shop.example`, lower case, without the dot at the end.
    DomainName, check_domain,
    const PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$";
    const LONGEST: Option<u32> = Some(254);
}
text_type! {
    /// A name Kubernetes accepts for a node: as a host name, 63 bytes so that it also fits a label.
    NodeName, check_node_name,
    const PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    const LONGEST: Option<u32> = Some(63);
}
text_type! {
    /// A server by name or by address, as for NTP servers and certificate names.
    ServerAddress, check_server,
    const PATTERN: &str = r"^[A-Za-z0-9:]([-A-Za-z0-9.:]*[A-Za-z0-9:])?$";
}

fn check_hostname(text: &str) -> Result<String, Invalid> {
    check_labels(text, "host name").map_err(|wrong| with_suggestion(wrong, text))
}

fn check_node_name(text: &str) -> Result<String, Invalid> {
    check_labels(text, "node name").map_err(|wrong| with_suggestion(wrong, text))
}

fn check_domain(text: &str) -> Result<String, Invalid> {
    check_dotted(text.strip_suffix('.').unwrap_or(text), "domain name", 253)
}

fn check_server(text: &str) -> Result<String, Invalid> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(Invalid::new(
            format!("{} is not an IP address", quoted(text)),
            "write four numbers from 0 to 255, such as 192.168.1.1, or a name",
        ));
    }
    check_dotted(&text.to_ascii_lowercase(), "server name or IP address", 253)
}

fn check_labels(text: &str, what: &str) -> Result<String, Invalid> {
    check_dotted(text, what, 63)
}

fn check_dotted(text: &str, what: &str, longest: usize) -> Result<String, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(
            format!("the {what} is empty"),
            "write a name, or remove the key",
        ));
    }
    if text.len() > longest {
        return Err(Invalid::new(
            format!(
                "{} is too long for a {what}: {} bytes",
                quoted(text),
                text.len()
            ),
            format!("use at most {longest}"),
        ));
    }
    if !text.split('.').all(label_is_sound) {
        return Err(Invalid::new(
            format!("{} is not a {what}", quoted(text)),
            "use lower-case letters, digits and \"-\", with a letter or digit at both ends",
        ));
    }
    Ok(text.to_owned())
}

fn label_is_sound(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Adds the nearest sound name: upper case and underscores are what people write.
fn with_suggestion(wrong: Invalid, text: &str) -> Invalid {
    let near: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c == '_' || c == ' ' { '-' } else { c })
        .collect();
    let near = near.trim_matches('-');
    if near != text && check_dotted(near, "", 63).is_ok() {
        Invalid::new(
            wrong.message,
            format!("{}: {} would do", wrong.help, quoted(near)),
        )
    } else {
        wrong
    }
}
