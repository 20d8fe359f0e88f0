//! The network of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::values::{
    DomainName, HttpUrl, InterfaceName, MacAddress, Ssid, WifiCountry, WifiPassphrase,
};

/// The network of this machine.
///
/// Interfaces that are not named here and are not made by software (pods, bridges) use DHCP and IPv6 autoconfiguration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// DNS for the whole machine, before what DHCP says.
    pub dns: Dns,
    /// Interfaces with settings of their own.
    pub interfaces: Vec<Interface>,
    /// Wireless networks to join, the first that is in reach.
    pub wifi: Vec<Wifi>,
    /// The country that its radios are in; `None` is what is allowed everywhere.
    #[serde(default)]
    pub wifi_country: Option<WifiCountry>,
    /// Cables with fixed addresses that reach nobody ask for one by DHCP.
    pub last_resort: bool,
    /// Who reaches what from outside.
    pub firewall: Firewall,
    /// The proxy for everything that leaves the machine.
    pub proxy: Proxy,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            dns: Dns::default(),
            interfaces: Vec::new(),
            wifi: Vec::new(),
            wifi_country: None,
            last_resort: true,
            firewall: Firewall::default(),
            proxy: Proxy::default(),
        }
    }
}

/// The packet filter. Where a list of networks is `None`, everyone is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// Whether anything is filtered.
    pub enabled: bool,
    /// Whom ssh answers.
    pub ssh_from: Option<Vec<IpNet>>,
    /// Whom the API answers.
    pub api_from: Option<Vec<IpNet>>,
    /// Whom the kubelet answers.
    pub kubelet_from: Option<Vec<IpNet>>,
    /// Who reaches pods and Services by their own addresses; `None` is nobody.
    pub pods_from: Option<Vec<IpNet>>,
}

impl Default for Firewall {
    fn default() -> Self {
        Self {
            enabled: true,
            ssh_from: None,
            api_from: None,
            kubelet_from: None,
            pods_from: None,
        }
    }
}

/// Who resolves names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// Servers, in order.
    pub nameservers: Vec<IpAddr>,
    /// Domains tried for short names, in order.
    pub search: Vec<DomainName>,
}

/// One interface with settings of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// Which one; unique among the interfaces.
    pub select: InterfaceMatch,
    /// Asks for an IPv4 address by DHCP.
    pub dhcp4: bool,
    /// Takes IPv6 addresses from router advertisements and DHCPv6.
    pub auto6: bool,
    /// IPv6 is on at all: false only for `ipv6: off`.
    pub ipv6: bool,
    /// Fixed addresses with their prefix lengths, both families.
    pub addresses: Vec<IpNet>,
    /// The default gateway for IPv4, inside one of the addresses' networks.
    pub gateway4: Option<Ipv4Addr>,
    /// The default gateway for IPv6.
    pub gateway6: Option<Ipv6Addr>,
    /// More routes.
    pub routes: Vec<Route>,
    /// DNS through this interface.
    pub dns: Dns,
    /// Largest packet in bytes; `None` means the driver's default.
    pub mtu: Option<u32>,
}

/// Which interface is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceMatch {
    /// By the kernel's or udev's name.
    Name(InterfaceName),
    /// By its permanent hardware address.
    Mac(MacAddress),
}

/// A route beyond the default one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The network to reach.
    pub to: IpNet,
    /// Through which neighbour, of the same family; `None` means: directly on the link.
    pub via: Option<IpAddr>,
    /// Lower is preferred; `None` means the system's default.
    pub metric: Option<u32>,
}

/// A wireless network to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wifi {
    /// Its name; unique among the wireless networks.
    pub ssid: Ssid,
    /// Its passphrase; `None` means an open network.
    pub passphrase: Option<WifiPassphrase>,
    /// Only with this interface; `None` means any.
    pub interface: Option<InterfaceName>,
    /// The network does not announce its name.
    pub hidden: bool,
}

/// The proxy for what leaves the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// For http:// addresses.
    pub http: Option<HttpUrl>,
    /// For https:// addresses.
    pub https: Option<HttpUrl>,
    /// Hosts, domains (`.example`) and networks that are reached directly. The cluster's own networks, the loopback
    /// and the node's addresses are added by the runtime.
    pub no_proxy: Vec<String>,
}
