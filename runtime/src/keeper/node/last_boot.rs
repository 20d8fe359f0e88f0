//! How the boot before this one ended, said on the node: a machine that crashes and comes back looks well in its cluster.

use super::announced::Announced;
use crate::keeper::tell::Condition;
use init_api::{BootEnd, LastBoot, Root, paths};
use k8s_openapi::api::core::v1::Node;

pub(super) const LAST_BOOT: Announced = Announced {
    topic: "last boot",
    what: "how the last boot ended",
    record: paths::LAST_BOOT,
    condition,
};

const CONDITION: &str = "LastBootEndedBadly";
/// So much of a boot's id tells it from the others of a node: each bad end makes an event, also if it was as the one before.
const ID: usize = 8;

/// None where nothing is known and nothing was said.
fn condition(root: &Root, node: &Node) -> Option<Condition> {
    let last: LastBoot = init_api::load(root.path(paths::LAST_BOOT)).ok()?;
    let reason = match &last.end {
        BootEnd::NotKnown => "NotKnown",
        BootEnd::InOrder(_) if last.is_in_order() => "EndedInOrder",
        BootEnd::InOrder(_) => "InitGaveUp",
        BootEnd::Panic => "KernelPanic",
        BootEnd::Watchdog => "WatchdogReset",
        BootEnd::Cut => "PowerLost",
    };
    let holds = !last.is_in_order();
    let found_by: String = last.found_by.chars().take(ID).collect();
    let message = if holds {
        format!("{} (found at boot {found_by})", last.line())
    } else {
        last.line()
    };
    let condition = Condition {
        kind: CONDITION,
        holds,
        reason,
        message,
    };
    let is_known = last.end != BootEnd::NotKnown || condition.of(node).is_some();
    is_known.then_some(condition)
}

#[cfg(test)]
mod tests {
    use super::condition;
    use init_api::{Asked, Asker, BootEnd, Down, LastBoot, Millis, OrderlyEnd, Root, paths};
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;

    #[test]
    fn a_bad_end_holds_and_is_another_at_each_boot() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let node = |conditions: serde_json::Value| -> Node {
            let node = json!({ "metadata": {}, "status": {"conditions": conditions} });
            serde_json::from_value(node).expect("a node")
        };
        let new = node(json!([]));
        assert_eq!(condition(&root, &new), None, "nobody found it out");
        let tell = |found_by: &str, end| {
            let last = LastBoot {
                found_by: found_by.into(),
                version: Some("0.1.0".into()),
                root_hash: None,
                was_ready: None,
                end,
                reset_by_watchdog: false,
                kernel: Vec::new(),
                kept: None,
            };
            init_api::store(root.path(paths::LAST_BOOT), &last).expect("stored");
        };
        tell("0123456789", BootEnd::NotKnown);
        assert_eq!(condition(&root, &new), None);
        tell("0123456789", BootEnd::Cut);
        let cut = condition(&root, &new).expect("a condition");
        assert!(cut.holds && cut.reason == "PowerLost", "{cut:?}");
        assert!(
            cut.message
                .ends_with("from outside (found at boot 01234567)"),
            "{cut:?}"
        );
        tell("abcdef0123", BootEnd::Cut);
        assert_ne!(
            condition(&root, &new),
            Some(cut.clone()),
            "its event is another"
        );
        let mut end = OrderlyEnd {
            down: Down::Reboot,
            asked: Asked::by(Asker::Command),
            at_ms: Millis(1),
        };
        tell("0123456789", BootEnd::InOrder(end.clone()));
        let good = condition(&root, &new).expect("a condition");
        assert_eq!((good.holds, good.reason), (false, "EndedInOrder"));
        assert!(
            good.message.ends_with("asked for by `holdfast reboot`"),
            "{good:?}"
        );
        end.asked = Asked::by(Asker::Trouble);
        tell("0123456789", BootEnd::InOrder(end));
        assert!(condition(&root, &new).expect("a condition").holds);
        tell("0123456789", BootEnd::NotKnown);
        let said = node(json!([{ "type": cut.kind, "status": "True" }]));
        assert!(!condition(&root, &said).expect("a condition").holds);
    }
}
