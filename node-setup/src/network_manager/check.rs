//! What of a profile is not in force.

use super::device::{InForce, State};
use super::profile::Profile;
use std::fmt::Display;

/// All of it, a sentence each.
pub(super) fn missing(device: &str, profile: &Profile, now: &InForce) -> Vec<String> {
    let mut missing = Vec::new();
    if now.profile.as_ref() != Some(&profile.name) {
        let runs_by = match &now.profile {
            Some(other) => format!("runs by the profile {other}"),
            None => "runs by no profile".to_owned(),
        };
        missing.push(format!("{device} {runs_by} instead of {}", profile.name));
    }
    let (wanted, has) = (&profile.fixed, &now.fixed);
    for address in &wanted.addresses {
        if !has.addresses.contains(address) {
            let there = all(&has.addresses);
            missing.push(format!(
                "{device} does not have the address {address}; it has {there}"
            ));
        }
    }
    for (to, via) in &wanted.routes {
        let to = to.trunc();
        let leads = |(is, over): &&(ipnet::IpNet, Option<std::net::IpAddr>)| {
            is.trunc() == to && via.is_none_or(|via| *over == Some(via))
        };
        if has.routes.iter().find(leads).is_none() {
            let over = via.map_or(String::new(), |via| format!(" over {via}"));
            missing.push(format!("{device} does not have the route to {to}{over}"));
        }
    }
    // Without addresses NetworkManager uses no servers either.
    if now.state == State::Up {
        for server in &wanted.name_servers {
            if !has.name_servers.contains(server) {
                let there = all(&has.name_servers);
                missing.push(format!(
                    "{device} does not use the name server {server}; it uses {there}"
                ));
            }
        }
    }
    missing
}

fn all<T: Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

#[cfg(test)]
mod tests {
    use super::missing;
    use crate::network_manager::device::{InForce, State};
    use crate::network_manager::{Fixed, For, Profile};

    fn fixed(addresses: &[&str], routes: &[(&str, Option<&str>)], servers: &[&str]) -> Fixed {
        let parsed = |text: &&str| text.parse().expect("an address");
        let route = |(to, via): &(&str, Option<&str>)| {
            let via = via.map(|via| via.parse().expect("an address"));
            (to.parse().expect("a network"), via)
        };
        Fixed {
            addresses: addresses
                .iter()
                .map(|text| text.parse().expect("a network"))
                .collect(),
            routes: routes.iter().map(route).collect(),
            name_servers: servers.iter().map(parsed).collect(),
        }
    }

    #[test]
    fn what_is_not_as_asked_is_named() {
        let wanted = fixed(
            &["10.0.2.20/24"],
            &[("0.0.0.0/0", Some("10.0.2.2")), ("10.9.0.0/16", None)],
            &["9.9.9.9"],
        );
        let profile = Profile {
            name: "holdfast-eth0".to_owned(),
            device: For::Device("eth0".to_owned()),
            fixed: wanted.clone(),
        };
        let now = |name: &str, state, fixed| InForce {
            profile: Some(name.to_owned()),
            state,
            fixed,
        };
        let more = fixed(
            &["fe80::1/64", "10.0.2.20/24"],
            &[
                ("10.9.1.2/16", Some("10.0.2.3")),
                ("0.0.0.0/0", Some("10.0.2.2")),
            ],
            &["1.1.1.1", "9.9.9.9"],
        );
        let old = fixed(
            &["10.0.2.15/24"],
            &[("0.0.0.0/0", Some("10.0.2.9"))],
            &["10.0.2.3"],
        );
        let all_of_it = [
            "eth0 runs by the profile holdfast-default instead of holdfast-eth0",
            "eth0 does not have the address 10.0.2.20/24; it has 10.0.2.15/24",
            "eth0 does not have the route to 0.0.0.0/0 over 10.0.2.2",
            "eth0 does not have the route to 10.9.0.0/16",
            "eth0 does not use the name server 9.9.9.9; it uses 10.0.2.3",
        ];
        let cases: [(&str, InForce, &[&str]); 5] = [
            ("as asked", now("holdfast-eth0", State::Up, wanted), &[]),
            ("and more", now("holdfast-eth0", State::Up, more), &[]),
            (
                "nothing yet",
                now("holdfast-eth0", State::Waiting, Fixed::default()),
                &[
                    "eth0 does not have the address 10.0.2.20/24; it has none",
                    all_of_it[2],
                    all_of_it[3],
                ],
            ),
            (
                "the old one",
                now("holdfast-default", State::Up, old),
                &all_of_it,
            ),
            (
                "down",
                InForce {
                    profile: None,
                    state: State::Waiting,
                    fixed: profile.fixed.clone(),
                },
                &["eth0 runs by no profile instead of holdfast-eth0"],
            ),
        ];
        for (case, now, expected) in cases {
            assert_eq!(missing("eth0", &profile, &now), expected, "{case}");
        }
    }
}
