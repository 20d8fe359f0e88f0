//! Web addresses.

use super::text::{Invalid, quoted, text_type, text_value};

text_type! {
    /// An address that begins with `https://` or `http://` and names a host.
    HttpUrl, check_url,
    const PATTERN: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/ \t\r\n][^ \t\r\n]*$";
}

impl HttpUrl {
    /// True for an address whose answer nobody on the way can change: `https://`, or a server on the node itself.
    pub fn is_protected(&self) -> bool {
        let Ok(url) = url::Url::parse(self.as_str()) else {
            return false;
        };
        let own = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        own || url.scheme() == "https"
    }
}

text_type! {
    /// The SHA-256 of a file that is fetched: 64 hexadecimal digits, in lower case.
    Sha256, check_sha256,
    const PATTERN: &str = "^[0-9A-Fa-f]{64}$";
}

fn check_sha256(text: &str) -> Result<String, Invalid> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Invalid::new(
        format!("{} is not a SHA-256", quoted(text)),
        "write the 64 hexadecimal digits that `sha256sum FILE` prints",
    ))
}

/// An address whose answer commands the node, so that nobody on the way may change it.
#[derive(Debug)]
pub(crate) enum CommandingUrl {}
text_value! {
    CommandingUrl => HttpUrl, commanding,
    const PATTERN: &str = HttpUrl::PATTERN;
}

fn commanding(text: &str) -> Result<HttpUrl, Invalid> {
    let url = HttpUrl::parse(text)?;
    if url.is_protected() {
        return Ok(url);
    }
    Err(Invalid::new(
        format!("{} is not an https address", quoted(text)),
        "write https://…: on the way, anyone could put in a configuration of his own, and a configuration is root",
    ))
}

fn check_url(text: &str) -> Result<String, Invalid> {
    let help = "write it like https://config.example/node.yaml";
    let wrong = |why: &str| {
        Invalid::new(
            format!("{} is not a web address: {why}", quoted(text)),
            help,
        )
    };
    if text.contains(char::is_whitespace) {
        return Err(wrong("it holds a blank"));
    }
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return Err(wrong("it does not begin with https:// or http://"));
    }
    if lower
        .split_once("://")
        .is_some_and(|(_, rest)| rest.starts_with('/'))
    {
        return Err(wrong("it names no host"));
    }
    let parsed = url::Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    Ok(text.to_owned())
}

/// The address of a proxy: host and port, maybe with credentials, and nothing behind them.
#[derive(Debug)]
pub(crate) enum ProxyUrl {}
text_value! {
    ProxyUrl => HttpUrl, proxy,
    const PATTERN: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?# \t\r\n]+/?$";
}

/// `#`, `?` and `/` end the part with host and credentials: what is behind one in a password would be lost.
fn proxy(text: &str) -> Result<HttpUrl, Invalid> {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let behind = &rest[end..];
    if behind.is_empty() || behind == "/" {
        return HttpUrl::parse(text);
    }
    // The address is not quoted: what is behind may be a part of a password.
    Err(Invalid::new(
        format!(
            "the address ends at its `{}`, and more follows",
            &behind[..1]
        ),
        "write host and port alone; in a user name or password write %23 for `#`, %3F for `?`, %2F for `/` and %40 for `@`",
    ))
}

/// An entry of `no_proxy`.
#[derive(Debug)]
pub(crate) enum Direct {}
text_value! {
    Direct => Vec<String>, no_proxy,
    const PATTERN: &str = r"[^ \t\r\n]";
}

/// One entry of `no_proxy`; people write several with commas, as in the variable.
fn no_proxy(text: &str) -> Result<Vec<String>, Invalid> {
    let entries: Vec<String> = text
        .split(',')
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect();
    let blank = |entry: &String| entry.chars().any(|c| c.is_whitespace() || c.is_control());
    if entries.is_empty() || entries.iter().any(blank) {
        return Err(Invalid::new(
            format!("{} is not a host, domain or network", quoted(text)),
            "write entries like .shop.example, registry.example or 192.168.0.0/16",
        ));
    }
    Ok(entries)
}
