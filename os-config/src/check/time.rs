//! Time servers, and how far they are believed.

use super::Checker;
use crate::config::{NtpServers, Time};
use crate::raw::{RawTime, Text};
use crate::values::ServerAddress;

/// A list without a server asks for none, and what would be asked is the pool.
pub(super) fn servers(c: &mut Checker, raw: Option<&[Text<ServerAddress>]>) -> NtpServers {
    if raw.is_some_and(<[_]>::is_empty) {
        c.at("ntp_servers", |c| {
            c.wrong(
                "no time server is listed here",
                "list some, or remove the key: Debian's pool is asked then",
            );
        });
    }
    let servers = raw.unwrap_or_default();
    NtpServers::new(c.texts("ntp_servers", servers))
}

/// What could never be fulfilled would leave the clock alone for ever.
pub(super) fn time(
    c: &mut Checker,
    raw: Option<&RawTime>,
    servers: Option<&[Text<ServerAddress>]>,
) -> Time {
    let Some(raw) = raw else {
        return Time::default();
    };
    let count = match servers.map(<[_]>::len) {
        None | Some(0) => NtpServers::default().as_slice().len(),
        Some(count) => count,
    };
    c.at("time", |c| {
        let time = Time {
            nts: raw.nts.unwrap_or(false),
            ca: c.value("ca", &raw.ca),
            min_sources: raw.min_sources.unwrap_or(1),
        };
        if time.nts && servers.is_none() {
            c.at("nts", |c| {
                c.wrong(
                    "Debian's pool, which is asked without `ntp_servers`, does not speak NTS",
                    "name servers that do in `ntp_servers`, or remove it",
                );
            });
        }
        let wanted = usize::try_from(time.min_sources).unwrap_or(usize::MAX);
        if !(1..=count).contains(&wanted) {
            c.at("min_sources", |c| {
                c.wrong(
                    format!("it is not between 1 and {count}, the number of time servers"),
                    "name more servers in `ntp_servers`, or write less",
                );
            });
        }
        if raw.ca.is_some() && !time.nts {
            c.at("ca", |c| {
                c.refuse(
                    "without `nts` no server shows a certificate",
                    "add `nts: true`, or remove it",
                );
            });
        }
        time
    })
}
