//! The node runs by its last good configuration, because the one that was found is wrong.

use super::announced::Announced;
use crate::keeper::tell::Condition;
use init_api::{Configured, Problem, Root, load_if_present, paths};
use k8s_openapi::api::core::v1::Node;

/// The condition's type.
const CONDITION: &str = "ConfigurationRejected";
/// The condition's and the event's reason.
const LAST_GOOD: &str = "LastGoodConfigurationInForce";
const IN_FORCE: &str = "ConfigurationInForce";

pub(super) const CONFIGURATION: Announced = Announced {
    topic: "configuration",
    what: "whether the configuration is in force",
    record: paths::CONFIGURED,
    condition: as_recorded,
};

/// While the record is replaced, or when it cannot be read, what was said before stands.
fn as_recorded(root: &Root, _: &Node) -> Option<Condition> {
    let configured: Configured = load_if_present(root.path(paths::CONFIGURED)).ok()??;
    Some(condition(configured.instead.as_ref()))
}

fn condition(instead: Option<&Problem>) -> Condition {
    let (holds, reason, message) = match instead {
        Some(problem) => {
            let (title, text, cure) = (&problem.title, problem.text.trim(), &problem.cure);
            (true, LAST_GOOD, format!("{title}\n{text}\n{cure}"))
        }
        None => {
            let message = "the configuration that was found is in force";
            (false, IN_FORCE, message.to_owned())
        }
    };
    Condition {
        kind: CONDITION,
        holds,
        reason,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, condition};

    #[test]
    fn the_message_has_place_reason_and_cure() {
        let problem = Problem::new(
            "The configuration is not right: /config/config.yaml:3",
            "error: unknown key `hostnam`\n",
            "Mend it.",
        );
        let wrong = condition(Some(&problem));
        assert_eq!(
            wrong.message,
            "The configuration is not right: /config/config.yaml:3\nerror: unknown key `hostnam`\nMend it."
        );
        assert!(wrong.holds && !condition(None).holds);
    }
}
