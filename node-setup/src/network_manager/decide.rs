//! Which device gets which profile.

use super::device::{Device, Kind, State};
use super::profile::{Change, For, Profile};

/// The profile that a device is to be given now; `None` when it is left alone.
pub(super) fn to_activate<'a>(device: &Device, change: &'a Change) -> Option<&'a Profile> {
    if device.state == State::Unusable {
        return None;
    }
    let wanted = wanted(device, &change.profiles)?;
    let changed = |name: &str| change.changed.iter().any(|changed| changed == name);
    let touched = match device.profile.as_deref() {
        Some(current) if current == wanted.name => changed(current),
        // Profiles of the user's own stay, until one for the device is written; so do radio networks that still are there.
        Some(current) => {
            let strays = current.starts_with("holdfast-") && device.kind == Kind::Cable;
            strays || changed(current) || changed(&wanted.name)
        }
        None => changed(&wanted.name),
    };
    touched.then_some(wanted)
}

/// By name before hardware address before all others; a radio takes the first of the networks that are there.
fn wanted<'a>(device: &Device, profiles: &'a [Profile]) -> Option<&'a Profile> {
    let rank = |profile: &Profile| match (&profile.device, device.kind) {
        (For::Device(name), Kind::Cable) => (*name == device.name).then_some(0),
        (For::HardwareAddress(address), Kind::Cable) => {
            (*address == device.hardware_address).then_some(1)
        }
        (For::AnyCable, Kind::Cable) => Some(2),
        (For::Radio(name), Kind::Radio) => {
            let is_for = name.as_ref().is_none_or(|name| *name == device.name);
            (is_for && device.available.contains(&profile.name)).then_some(0)
        }
        _ => None,
    };
    let ranked = profiles.iter().filter_map(|one| Some((rank(one)?, one)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::to_activate;
    use crate::network_manager::device::{Device, Kind, State};
    use crate::network_manager::{Change, Fixed, For, Profile};

    fn device(name: &str, kind: Kind, state: State, profile: Option<&str>) -> Device {
        Device {
            name: name.to_owned(),
            kind,
            state,
            hardware_address: format!("52:54:00:00:00:0{}", &name[name.len() - 1..]),
            profile: profile.map(str::to_owned),
            available: vec!["holdfast-wifi-1".to_owned(), "holdfast-wifi-2".to_owned()],
        }
    }

    fn profiles() -> Vec<Profile> {
        let all = [
            ("holdfast-eth0", For::Device("eth0".to_owned())),
            (
                "holdfast-525400000001",
                For::HardwareAddress("52:54:00:00:00:01".to_owned()),
            ),
            ("holdfast-wifi-0", For::Radio(None)),
            ("holdfast-wifi-1", For::Radio(Some("wlan1".to_owned()))),
            ("holdfast-wifi-2", For::Radio(None)),
            ("holdfast-default", For::AnyCable),
        ];
        all.map(|(name, device)| Profile {
            name: name.to_owned(),
            device,
            fixed: Fixed::default(),
        })
        .to_vec()
    }

    #[test]
    fn each_device_gets_its_own_and_the_others_are_left_alone() {
        use Kind::{Cable, Other, Radio};
        use State::{Unusable, Up, Waiting};
        let cases: [(&str, Device, &[&str], Option<&str>); 17] = [
            (
                "its own changed",
                device("eth0", Cable, Up, Some("holdfast-eth0")),
                &["holdfast-eth0"],
                Some("holdfast-eth0"),
            ),
            (
                "its own came, and it still runs by the old one",
                device("eth0", Cable, Up, Some("holdfast-default")),
                &["holdfast-eth0"],
                Some("holdfast-eth0"),
            ),
            (
                "its own went",
                device("eth7", Cable, Up, Some("holdfast-eth7")),
                &["holdfast-eth7"],
                Some("holdfast-default"),
            ),
            (
                "by its hardware address",
                device("eth1", Cable, Up, Some("holdfast-default")),
                &["holdfast-525400000001"],
                Some("holdfast-525400000001"),
            ),
            (
                "another one's changed",
                device("eth0", Cable, Up, Some("holdfast-eth0")),
                &["holdfast-default"],
                None,
            ),
            (
                "the default changed",
                device("eth5", Cable, Up, Some("holdfast-default")),
                &["holdfast-default"],
                Some("holdfast-default"),
            ),
            (
                "down",
                device("eth0", Cable, Waiting, None),
                &["holdfast-eth0"],
                Some("holdfast-eth0"),
            ),
            (
                "down, and another one's changed",
                device("eth0", Cable, Waiting, None),
                &["holdfast-default"],
                None,
            ),
            (
                "without a cable",
                device("eth0", Cable, Unusable, None),
                &["holdfast-eth0"],
                None,
            ),
            (
                "a profile of the user's own",
                device("eth5", Cable, Up, Some("vpn")),
                &["holdfast-eth0"],
                None,
            ),
            (
                "a profile of the user's own, and one for it is written",
                device("eth0", Cable, Up, Some("vpn")),
                &["holdfast-eth0"],
                Some("holdfast-eth0"),
            ),
            (
                "a radio named in the profile",
                device("wlan1", Radio, Up, Some("holdfast-wifi-1")),
                &["holdfast-wifi-1"],
                Some("holdfast-wifi-1"),
            ),
            (
                "any radio, the first network that is there",
                device("wlan0", Radio, Waiting, None),
                &["holdfast-wifi-0", "holdfast-wifi-2"],
                Some("holdfast-wifi-2"),
            ),
            (
                "a radio whose networks did not change",
                device("wlan0", Radio, Up, Some("holdfast-wifi-2")),
                &["holdfast-eth0"],
                None,
            ),
            (
                "a radio on another network than the first",
                device("wlan0", Radio, Up, Some("holdfast-wifi-3")),
                &["holdfast-eth0"],
                None,
            ),
            (
                "a radio whose network went",
                device("wlan0", Radio, Up, Some("holdfast-wifi-9")),
                &["holdfast-wifi-9"],
                Some("holdfast-wifi-2"),
            ),
            (
                "a bridge",
                device("cni0", Other, Up, None),
                &["holdfast-default"],
                None,
            ),
        ];
        for (case, device, changed, expected) in cases {
            let change = Change {
                changed: changed.iter().map(ToString::to_string).collect(),
                profiles: profiles(),
            };
            let given = to_activate(&device, &change);
            assert_eq!(given.map(|one| one.name.as_str()), expected, "{case}");
        }
    }
}
