//! The release that the nodes of an upgrade come to.

use super::member::Members;
use crate::stand::{Stand, stand};
use semver::Version;

/// What the resource names; of a channel, the newest release that a node has told of. While nodes are on their way the target stays.
pub(super) fn target(members: &Members<'_>) -> Option<Version> {
    let spec = &members.upgrade.spec;
    let Some(channel) = &spec.channel else {
        return Version::parse(spec.version.as_deref()?).ok();
    };
    let status = members.upgrade.status.as_ref();
    let pinned = status.and_then(|status| Version::parse(status.version.as_deref()?).ok());
    let told = members.list.iter().filter_map(|member| {
        let offer = member.asked?.status.as_ref()?.offer.as_ref()?;
        (offer.channel == *channel).then(|| Version::parse(&offer.version).ok())?
    });
    match pinned {
        Some(pinned) if on_the_way(members, &pinned) => Some(pinned),
        pinned => told.chain(pinned).max(),
    }
}

fn on_the_way(members: &Members<'_>, target: &Version) -> bool {
    let (name, retry) = (&members.name, members.upgrade.spec.retry);
    members.list.iter().any(|member| {
        let stand = stand(member.node, member.asked, name, target, retry);
        matches!(stand, Stand::Moving(_))
    })
}
