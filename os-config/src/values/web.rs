//! Web addresses.

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// An address that begins with `https://` or `http://` and names a host.
    HttpUrl, check_url
}

impl HttpUrl {
    /// True for `https://`.
    pub fn is_encrypted(&self) -> bool {
        self.as_str().starts_with("https://")
    }
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
