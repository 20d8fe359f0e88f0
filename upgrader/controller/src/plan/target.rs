//! The release that a node of an upgrade comes to.

use crate::facts::NodeFacts;
use semver::Version;
use upgrade_crd::{NodeUpgrade, UpgradeSpec, Want};

/// What the resource names; of a channel, what the node has told that the channel has for it. A node on its way keeps what it was
/// sent for.
pub(super) fn target(
    spec: &UpgradeSpec,
    name: &str,
    node: &NodeFacts,
    asked: Option<&NodeUpgrade>,
) -> Option<Version> {
    let Some(channel) = &spec.channel else {
        return Version::parse(spec.version.as_deref()?).ok();
    };
    let asked = asked?;
    let cordon = node.cordon.as_ref();
    let on_its_way = asked.spec.want == Want::Run || cordon.is_some_and(|it| it.upgrade == name);
    if on_its_way && asked.spec.channel.as_ref() == Some(channel) {
        return Version::parse(asked.spec.version.as_deref()?).ok();
    }
    let offer = asked.status.as_ref()?.offer.as_ref()?;
    let same = offer.channel == *channel && Some(offer.source.as_str()) == spec.source.address();
    same.then(|| Version::parse(&offer.version).ok())?
}
