//! Network interfaces and wireless networks.

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// A network interface's name: 1 to 15 bytes, no slash, no blank.
    InterfaceName, check_interface,
    const PATTERN: &str = r"^[!-.0-9;-~]{1,15}$";
}
text_type! {
    /// An Ethernet address in lower case with colons, `52:54:00:12:34:56`.
    MacAddress, check_mac,
    const PATTERN: &str = r"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$";
}
text_type! {
    /// A country by its two letters (ISO 3166-1), in capitals.
    WifiCountry, check_country,
    const PATTERN: &str = r"^[A-Za-z]{2}$";
}
text_type! {
    /// The name of a wireless network, 1 to 32 bytes.
    Ssid, check_ssid,
    const PATTERN: &str = r"^[^\x00]*$";
    const SHORTEST: Option<u32> = Some(1);
    const LONGEST: Option<u32> = Some(32);
    const LOOSE: bool = true;
}

fn check_interface(text: &str) -> Result<String, Invalid> {
    let sound = !text.is_empty()
        && text.len() <= 15
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'/' && b != b':');
    if sound {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(
            format!("{} is not the name of a network interface", quoted(text)),
            "write a name as `ip link` shows it, such as enp1s0 or eno1 (15 characters at most)",
        ))
    }
}

fn check_mac(text: &str) -> Result<String, Invalid> {
    let lower = text.to_ascii_lowercase().replace('-', ":");
    let parts: Vec<&str> = lower.split(':').collect();
    let pair = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    if parts.len() != 6 || !parts.iter().all(pair) {
        return Err(Invalid::new(
            format!("{} is not a MAC address", quoted(text)),
            "write six pairs of hexadecimal digits, such as 52:54:00:12:34:56",
        ));
    }
    Ok(lower)
}

fn check_country(text: &str) -> Result<String, Invalid> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Invalid::new(
        format!("{} is not a country", quoted(text)),
        "write its two letters, such as DE, FR or US; quote \"NO\", which is false otherwise",
    ))
}

fn check_ssid(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.len() > 32 || text.contains('\0') {
        return Err(Invalid::new(
            format!("{} is not the name of a wireless network", quoted(text)),
            "use 1 to 32 bytes",
        ));
    }
    Ok(text.to_owned())
}
