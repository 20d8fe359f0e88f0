//! Whether the node is Ready, as its object says.

use k8s_openapi::api::core::v1::Node;

/// Whether the node is Ready, and why not.
pub(super) fn readiness(node: &Node) -> (bool, String) {
    let conditions = node
        .status
        .iter()
        .flat_map(|s| s.conditions.iter().flatten());
    match conditions.into_iter().find(|c| c.type_ == "Ready") {
        Some(ready) if ready.status == "True" => (true, String::new()),
        Some(ready) => {
            let reason = ready.reason.clone().unwrap_or_default();
            let message = ready.message.clone().unwrap_or_default();
            (false, format!("{reason}: {message}"))
        }
        None => (false, "the kubelet has not reported yet".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::readiness;
    use k8s_openapi::api::core::v1::Node;
    use serde_json::{Value, json};

    #[test]
    fn ready_or_why_not() {
        let with = |conditions: Value| {
            let node: Node = serde_json::from_value(
                json!({"metadata": {}, "status": {"conditions": conditions}}),
            )
            .expect("node");
            readiness(&node)
        };
        assert_eq!(
            with(json!([{"type": "Ready", "status": "True"}])),
            (true, String::new())
        );
        let (ready, why) = with(
            json!([{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "cni"}]),
        );
        assert!(!ready && why == "KubeletNotReady: cni");
        assert!(!with(json!([])).0);
    }
}
