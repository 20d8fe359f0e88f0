//! Which way to a server: by a proxy, or directly. The same rules as those of the cluster's programs, which are Go's.

use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// The proxy's variables, as PID 1 gives them to services from the checked configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    direct: Vec<String>,
}

impl Proxies {
    /// Reads them with the given look-up; the upper-case spelling wins.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        let either = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_lowercase()));
            value.filter(|value| !value.is_empty())
        };
        let direct = either("NO_PROXY").unwrap_or_default();
        Proxies {
            http: either("HTTP_PROXY"),
            https: either("HTTPS_PROXY"),
            direct: direct
                .split(',')
                .map(|entry| entry.trim().to_ascii_lowercase())
                .filter(|entry| !entry.is_empty())
                .collect(),
        }
    }

    /// The proxy that a server is asked through, as an address; `None` means directly.
    pub(crate) fn of(&self, url: &Url) -> Option<&str> {
        let proxy = match url.scheme() {
            "http" => self.http.as_deref(),
            "https" => self.https.as_deref(),
            _ => None,
        };
        proxy.filter(|_| !self.is_direct(url))
    }

    fn is_direct(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return true };
        let own = match &host {
            Host::Domain(name) => *name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let port = url.port_or_known_default();
        own || self.direct.iter().any(|entry| names(entry, &host, port))
    }
}

/// Whether an entry of NO_PROXY names a server: `*`, an address, a network, a domain with all below it, or, with a dot in
/// front, only what is below it. One with a port is for that port only.
fn names(entry: &str, host: &Host<&str>, port: Option<u16>) -> bool {
    if entry == "*" {
        return true;
    }
    let address: Option<IpAddr> = match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    };
    if let Ok(net) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| net.contains(&address));
    }
    let (entry, wanted) = with_port(entry);
    if wanted.is_some() && wanted != port {
        return false;
    }
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let domain = entry.strip_prefix('*').unwrap_or(entry);
            let above = name.strip_suffix(domain.trim_start_matches('.'));
            above.is_some_and(|above| {
                above.ends_with('.') || (above.is_empty() && !domain.starts_with('.'))
            })
        }
        Host::Ipv4(_) | Host::Ipv6(_) => entry.parse().ok() == address,
    }
}

/// `host:port`, `[address]:port`, or without a port. An IPv6 address without brackets has none.
fn with_port(entry: &str) -> (&str, Option<u16>) {
    let bare = |host: &str| !host.contains(':') || host.starts_with('[');
    match entry.rsplit_once(':') {
        Some((host, port)) if bare(host) && port.parse::<u16>().is_ok() => {
            (host.trim_matches(['[', ']']), port.parse().ok())
        }
        _ => (entry.trim_matches(['[', ']']), None),
    }
}

#[cfg(test)]
mod tests {
    use super::Proxies;
    use url::Url;

    #[test]
    fn a_way_for_each_server() {
        let http = "http://plain.example:3128";
        let https = "http://tls.example:3128";
        let variables = |name: &str| {
            match name {
            "HTTP_PROXY" => Some(http.to_owned()),
            "https_proxy" => Some(https.to_owned()),
            "NO_PROXY" => Some(
                ".shop.example, host.example,*.wild.example,192.168.0.0/16,10.1.1.1,2001:db8::/32,only.example:8443,\
                 [2001:4860::1]:443"
                    .to_owned(),
            ),
            _ => None,
        }
        };
        let proxies = Proxies::read(variables);
        for (url, expected) in [
            ("http://config.example/x", Some(http)),
            ("HTTPS://config.example/x", Some(https)),
            ("https://shop.example/", Some(https)),
            ("https://a.shop.example/", None),
            ("https://A.B.Shop.Example:8443/", None),
            ("https://a.shop.example./", None),
            ("https://notshop.example/", Some(https)),
            ("https://host.example/", None),
            ("https://www.host.example/", None),
            ("https://ghost.example/", Some(https)),
            ("https://a.wild.example/", None),
            ("https://wild.example/", Some(https)),
            ("http://192.168.7.7:8080/", None),
            ("http://192.169.7.7:8080/", Some(http)),
            ("http://10.1.1.1/", None),
            ("http://10.1.1.10/", Some(http)),
            ("https://[2001:db8::1]/", None),
            ("https://[2001:4860::1]/", None),
            ("https://[2001:4860::1]:8443/", Some(https)),
            ("https://only.example:8443/", None),
            ("https://only.example/", Some(https)),
            ("https://localhost:6443/", None),
            ("http://127.0.0.5/", None),
            ("http://[::1]/", None),
        ] {
            let parsed = Url::parse(url).expect(url);
            assert_eq!(proxies.of(&parsed), expected, "{url}");
        }
    }

    #[test]
    fn a_way_for_each_set_of_variables() {
        let url = Url::parse("https://config.example/x").expect("a URL");
        type Set = &'static [(&'static str, &'static str)];
        let cases: [(Set, Option<&str>); 6] = [
            (&[], None),
            (&[("HTTP_PROXY", "http://p:1")], None),
            (&[("HTTPS_PROXY", "")], None),
            (
                &[("HTTPS_PROXY", "http://p:1"), ("https_proxy", "http://q:1")],
                Some("http://p:1"),
            ),
            (&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")], None),
            (
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", ",")],
                Some("http://p:1"),
            ),
        ];
        for (set, expected) in cases {
            let variable = |name: &str| {
                let found = set.iter().find(|(is, _)| *is == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Proxies::read(variable).of(&url), expected, "{set:?}");
        }
    }
}
