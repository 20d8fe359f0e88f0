use super::{LEFT_BY_HAND, record_commit};
use crate::node::tests::Stage;

/// A resource that wants the release that was left would bring the node to it again; going forth by hand forgives it.
#[test]
fn a_release_that_was_left_by_hand_is_not_tried_again_by_itself() {
    let stage = Stage::new("2.0.0", &[]);
    let left = "hash of 2.0.0";
    for (case, mut trial, expected) in [
        ("an upgrade", stage.trial("3.0.0", false), None),
        ("a way back", stage.trial("1.0.0", true), Some(LEFT_BY_HAND)),
        ("and forth", stage.trial("2.0.0", true), None),
    ] {
        if trial.release.root_hash == left {
            trial.good = stage.trial("1.0.0", false).release;
        }
        stage.node.begin_trial(&trial).expect("written");
        record_commit(&stage.node, &trial).expect("confirmed");
        let record = stage.node.record();
        let why = record.failure(left).map(|failed| failed.why.join("; "));
        assert_eq!(why.as_deref(), expected, "{case}");
        assert_eq!(record.previous, Some(trial.good), "{case}");
        assert_eq!(record.went_back(), None, "{case}: the node is well");
        assert_eq!(stage.node.pending().expect("readable"), None, "{case}");
    }
}
