//! Name servers.

use super::Checker;
use crate::config::Dns;
use crate::raw::RawDns;

pub(super) fn dns(c: &mut Checker, raw: Option<&RawDns>) -> Dns {
    let Some(raw) = raw else {
        return Dns::default();
    };
    c.at("dns", |c| Dns {
        nameservers: c.texts("nameservers", &raw.nameservers),
        search: c.texts("search", &raw.search),
    })
}
