//! `network:` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OneOrMany, Text};
use crate::values::{
    Address, Destination, Direct, DomainName, InterfaceAddress, InterfaceName, MacAddress,
    ProxyUrl, Source, Ssid, WifiCountry, WifiPassphrase,
};

/// Interfaces, DNS, Wi-Fi and the proxy. Without it every interface that has a cable uses DHCP and IPv6
/// autoconfiguration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawNetwork {
    /// DNS for the whole machine. What stands here wins over what DHCP says.
    pub(crate) dns: Option<RawDns>,
    /// Interfaces with settings of their own. Interfaces that are not named here use DHCP and IPv6 autoconfiguration.
    pub(crate) interfaces: Vec<RawInterface>,
    /// Wireless networks to join, the first that is in reach.
    pub(crate) wifi: Vec<RawWifi>,
    /// The country that the machine is in, by its two letters: radios then use the channels and the power that are allowed there.
    /// Without it they keep to what is allowed everywhere, and many networks are not seen.
    #[schemars(extend("examples" = ["DE"]))]
    pub(crate) wifi_country: Option<Text<WifiCountry>>,
    /// A cable with fixed addresses alone that reach no neighbour for three minutes asks for an address by DHCP beside them, so
    /// that the node can be reached, until they reach one again. `false` never asks.
    #[schemars(extend("default" = true))]
    pub(crate) last_resort: Option<bool>,
    /// Who reaches what from outside. Pods and Services are reached by node ports, host ports and load balancers alone, and nothing
    /// is passed on between networks.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) firewall: Option<RawFirewall>,
    /// The proxy for what leaves the machine.
    #[schemars(extend("x-impact" = "environment"))]
    pub(crate) proxy: Option<RawProxy>,
}

/// The packet filter.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawFirewall {
    /// `false` filters nothing: the node passes on whatever has a route through it.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// Networks that ssh (port 22) answers; everyone where it is not set. Pods and the node itself always reach it, here and below.
    #[schemars(extend("examples" = [["192.168.1.0/24", "2001:db8::/48"]]))]
    pub(crate) ssh_from: Option<OneOrMany<Text<Source>>>,
    /// Networks that the API (port 6443) answers; everyone where it is not set.
    pub(crate) api_from: Option<OneOrMany<Text<Source>>>,
    /// Networks that the kubelet (port 10250) answers; everyone where it is not set. `[]` is nobody: `kubectl logs` and `exec`
    /// go through the API and do not need it.
    pub(crate) kubelet_from: Option<OneOrMany<Text<Source>>>,
    /// Networks that reach pods and Services by their own addresses, where a router has a route to them.
    pub(crate) pods_from: Option<OneOrMany<Text<Source>>>,
}

/// Who resolves names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawDns {
    /// Addresses of DNS servers, in order.
    #[schemars(extend("examples" = [["192.168.1.1", "2001:db8::53"]]))]
    pub(crate) nameservers: Vec<Text<Address>>,
    /// Domains that are tried for short names, in order.
    #[schemars(extend("examples" = [["shop.example"]]))]
    pub(crate) search: Vec<Text<DomainName>>,
}

/// One interface with settings of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["name"]}, {"required": ["match"]}]))]
pub(crate) struct RawInterface {
    /// Its name as `ip link` shows it. Either this or `match`.
    #[schemars(extend("examples" = ["enp1s0", "eno1"]))]
    pub(crate) name: Option<Text<InterfaceName>>,
    /// Picks the interface by what it is, where its name is not known or changes.
    pub(crate) r#match: Option<RawMatch>,
    /// Asks for an IPv4 address by DHCP. The default is true without an IPv4 address in `addresses`, false with one.
    pub(crate) dhcp: Option<bool>,
    /// IPv6: `auto` takes addresses from router advertisements and DHCPv6, `static` uses `addresses` alone, `off`
    /// switches IPv6 off.
    #[schemars(extend("default" = "auto"))]
    pub(crate) ipv6: Option<RawIpv6>,
    /// Fixed addresses with prefix length, IPv4 and IPv6.
    #[schemars(extend("examples" = [["192.168.1.10/24", "2001:db8::10/64"]]))]
    pub(crate) addresses: Vec<Text<InterfaceAddress>>,
    /// The default gateway; a list of two for IPv4 and IPv6. It must lie in the network of one of the addresses; beside
    /// a single address (/32, /128) it is on the link.
    #[schemars(extend("examples" = ["192.168.1.1"]))]
    pub(crate) gateway: Option<OneOrMany<Text<Address>>>,
    /// More routes.
    pub(crate) routes: Vec<RawRoute>,
    /// DNS through this interface.
    pub(crate) dns: Option<RawDns>,
    /// The largest packet in bytes, 576 to 65535 (1280 at least with IPv6).
    #[schemars(extend("examples" = [9000], "minimum" = 576, "maximum" = 65_535))]
    pub(crate) mtu: Option<u32>,
}

/// How IPv6 is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawIpv6 {
    #[default]
    Auto,
    Static,
    Off,
}

/// Picks an interface by what it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["mac"]))]
pub(crate) struct RawMatch {
    /// The hardware address.
    #[schemars(extend("examples" = ["52:54:00:12:34:56"]))]
    pub(crate) mac: Option<Text<MacAddress>>,
}

/// A route.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["to"]))]
pub(crate) struct RawRoute {
    /// The network to reach, with prefix length; `default` for everything.
    #[schemars(extend("examples" = ["10.20.0.0/16"]))]
    pub(crate) to: Option<Text<Destination>>,
    /// The neighbour that leads there. Without it the network is on the link itself.
    #[schemars(extend("examples" = ["192.168.1.254"]))]
    pub(crate) via: Option<Text<Address>>,
    /// Lower is preferred.
    #[schemars(extend("maximum" = u32::MAX))]
    pub(crate) metric: Option<u32>,
}

/// A wireless network.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name"]))]
pub(crate) struct RawWifi {
    /// Its name (SSID).
    pub(crate) name: Option<Text<Ssid>>,
    /// Its passphrase, 8 to 63 characters, or its key as 64 hexadecimal digits. Without it the network is an open one.
    #[schemars(extend("x-secret" = "always"))]
    pub(crate) passphrase: Option<Text<WifiPassphrase>>,
    /// Uses only this interface.
    #[schemars(extend("examples" = ["wlan0"]))]
    pub(crate) interface: Option<Text<InterfaceName>>,
    /// The network does not announce its name.
    #[schemars(extend("default" = false))]
    pub(crate) hidden: Option<bool>,
}

/// The proxy for what leaves the machine: image pulls, fetched configuration, pods' own traffic not.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawProxy {
    /// For http:// addresses.
    #[schemars(extend("examples" = ["http://proxy.example:3128"]))]
    pub(crate) http: Option<Text<ProxyUrl>>,
    /// For https:// addresses.
    #[schemars(extend("examples" = ["http://proxy.example:3128"]))]
    pub(crate) https: Option<Text<ProxyUrl>>,
    /// Hosts, domains with a dot in front, and networks that are reached directly. The cluster's own networks and this
    /// machine are added by themselves.
    #[schemars(extend("examples" = [[".shop.example", "192.168.0.0/16"]]))]
    pub(crate) no_proxy: Option<OneOrMany<Text<Direct>>>,
}
