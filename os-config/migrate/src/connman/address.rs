//! `IPv4=` and `IPv6=`: off, automatic, or ADDRESS/LENGTH/GATEWAY.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What one of them says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Off,
    Automatic,
    Fixed {
        address: String,
        gateway: Option<String>,
    },
}

/// Reads `IPv4`; `None` when it is not understood. The mask is a length or in dots.
pub(super) fn four(words: &str) -> Option<Setting> {
    match words {
        "off" => Some(Setting::Off),
        "dhcp" => Some(Setting::Automatic),
        _ => fixed::<Ipv4Addr>(words, |mask| match mask.parse::<Ipv4Addr>() {
            Ok(mask) => {
                let mask = u32::from(mask);
                let whole = mask.leading_ones() + mask.trailing_zeros() >= 32;
                whole.then_some(mask.leading_ones())
            }
            Err(_) => mask.parse().ok(),
        }),
    }
}

/// Reads `IPv6`; `None` when it is not understood.
pub(super) fn six(words: &str) -> Option<Setting> {
    match words {
        "off" => Some(Setting::Off),
        "auto" => Some(Setting::Automatic),
        _ => fixed::<Ipv6Addr>(words, |length| length.parse().ok()),
    }
}

fn fixed<A: std::str::FromStr>(
    words: &str,
    length: impl Fn(&str) -> Option<u32>,
) -> Option<Setting> {
    let mut parts = words.split('/').map(str::trim);
    let (address, length) = (parts.next()?, length(parts.next()?)?);
    let gateway = parts.next().filter(|gateway| !gateway.is_empty());
    address.parse::<A>().ok()?;
    parts.next().is_none().then(|| Setting::Fixed {
        address: format!("{address}/{length}"),
        gateway: gateway.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::{Setting, four, six};

    fn fixed(address: &str, gateway: Option<&str>) -> Option<Setting> {
        Some(Setting::Fixed {
            address: address.to_owned(),
            gateway: gateway.map(str::to_owned),
        })
    }

    #[test]
    fn addresses_of_version_4() {
        assert_eq!(four("off"), Some(Setting::Off));
        assert_eq!(four("dhcp"), Some(Setting::Automatic));
        assert_eq!(
            four("10.0.0.2/255.255.255.0/10.0.0.1"),
            fixed("10.0.0.2/24", Some("10.0.0.1"))
        );
        assert_eq!(four("10.0.0.2/8"), fixed("10.0.0.2/8", None));
        assert_eq!(four("10.0.0.2/8/"), fixed("10.0.0.2/8", None));
        for wrong in [
            "10.0.0.2",
            "auto",
            "10.0.0.2/255.0.255.0",
            "10.0.0.2/8/10.0.0.1/x",
            "x/8",
        ] {
            assert_eq!(four(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_of_version_6() {
        assert_eq!(six("auto"), Some(Setting::Automatic));
        assert_eq!(
            six("2001:db8::2/64/2001:db8::1"),
            fixed("2001:db8::2/64", Some("2001:db8::1"))
        );
        for wrong in ["2001:db8::2", "dhcp", "10.0.0.2/8"] {
            assert_eq!(six(wrong), None, "{wrong}");
        }
    }
}
