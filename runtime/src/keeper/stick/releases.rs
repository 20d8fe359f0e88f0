//! What the repository of a stick has for this node, in a few words.

use crate::Paths;
use host::{plain, with_causes};
use init_api::paths::{STICK_RELEASES, UPGRADE_SOCKET};
use upgrade_api::{Answer, Client, ClientError, Offer, Request};

/// So many reasons are told; `holdfast upgrade check` has all.
const REASONS: usize = 3;
/// Characters of each.
const LONGEST: usize = 300;

/// What is known of a repository.
#[derive(Debug)]
pub(super) enum Found {
    /// These are on the stick, the newest first.
    Releases(Vec<Offer>),
    /// It is not to be trusted, or cannot be read.
    Refused(String),
    /// The upgrader does not answer.
    Unknown(String),
}

/// Asks the upgrader, which verifies the repository.
pub(super) fn found(paths: &Paths) -> Found {
    let source = STICK_RELEASES.to_owned();
    let asked = Client::connect(paths.at(UPGRADE_SOCKET))
        .and_then(|mut client| client.ask(&Request::Check { source }, |_| {}));
    match asked {
        Ok(Answer::Offers { offers }) => Found::Releases(offers),
        Ok(other) => Found::Unknown(format!("an answer that does not fit: {other:?}")),
        Err(ClientError::Refused(why)) => Found::Refused(why),
        Err(error) => Found::Unknown(with_causes(&error)),
    }
}

/// For `holdfast status`.
pub(super) fn told_of(found: &Found) -> String {
    let offers = match found {
        Found::Releases(offers) => offers,
        Found::Refused(why) => {
            return format!("releases that are not used: {}", plain::line(why, LONGEST));
        }
        Found::Unknown(why) => {
            let why = plain::line(why, LONGEST);
            return format!(
                "a release repository (`usb: {{}}`) that nobody has looked at yet: {why}"
            );
        }
    };
    let (taken, others): (Vec<_>, Vec<_>) =
        offers.iter().partition(|offer| offer.not_because.is_none());
    let versions: Vec<&str> = taken.iter().map(|offer| offer.version.as_str()).collect();
    let versions = versions.join(", ");
    let mut told = match taken.len() {
        0 => "no release that this node takes".to_owned(),
        1 => format!("release {versions} (`usb: {{}}`)"),
        _ => format!("releases {versions} (`usb: {{}}`)"),
    };
    let reasons = others.iter().filter_map(|offer| offer.not_because.as_ref());
    for why in reasons.take(REASONS) {
        told.push_str("; ");
        told.push_str(&plain::line(why, LONGEST));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{Found, told_of};
    use upgrade_api::Offer;

    #[test]
    fn what_a_stick_offers_is_named() {
        let offer = |version: &str, not_because: &str| Offer {
            version: version.to_owned(),
            channels: vec!["stable".to_owned()],
            given_by: Vec::new(),
            not_because: Some(not_because.to_owned()).filter(|why| !why.is_empty()),
            changelog: String::new(),
        };
        let older =
            "release 0.1.0 is older than 0.2.0, which is running: a downgrade must be asked for";
        let running = "0.2.0 is running already";
        let other = "release 0.3.0 was brought for arm64 alone, and this machine is amd64: make the stick again with `--platform amd64`, \
                     which may be given twice";
        for (case, found, expected) in [
            (
                "one",
                Found::Releases(vec![offer("0.3.0", "")]),
                "release 0.3.0 (`usb: {}`)".to_owned(),
            ),
            (
                "two, and what runs",
                Found::Releases(vec![
                    offer("0.4.0", ""),
                    offer("0.3.0", ""),
                    offer("0.2.0", running),
                ]),
                format!("releases 0.4.0, 0.3.0 (`usb: {{}}`); {running}"),
            ),
            (
                "an older one",
                Found::Releases(vec![offer("0.1.0", older)]),
                format!("no release that this node takes; {older}"),
            ),
            (
                "for other machines",
                Found::Releases(vec![offer("0.3.0", other)]),
                format!("no release that this node takes; {other}"),
            ),
            (
                "none",
                Found::Releases(Vec::new()),
                "no release that this node takes".to_owned(),
            ),
            (
                "expired",
                Found::Refused("its metadata expired\u{1b}[2J".to_owned()),
                "releases that are not used: its metadata expired [2J".to_owned(),
            ),
            (
                "nobody answers",
                Found::Unknown("cannot reach it".to_owned()),
                "a release repository (`usb: {}`) that nobody has looked at yet: cannot reach it"
                    .to_owned(),
            ),
        ] {
            assert_eq!(told_of(&found), expected, "{case}");
        }
    }
}
