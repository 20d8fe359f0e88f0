//! The keeper names pods that do harm.

use crate::engine::{Beside, ControlPlane};
use crate::keeper::until;
use init_api::NodeState;

/// What a kubelet would say of pods is written into their status.
#[test]
fn pods_that_the_kubelet_complains_of_are_named() {
    let plane = ControlPlane::with(Beside::Keeper);
    plane.eventually(&["get", "serviceaccount", "default", "-o", "name"], |_| {
        true
    });
    let now = k8s_openapi::jiff::Timestamp::now();
    let evicted = format!(
        r#"{{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory. Container c was using 9Ki, request is 0, has larger consumption of memory. ","conditions":
        [{{"type":"DisruptionTarget","status":"True","lastTransitionTime":"{now}"}}]}}"#
    );
    let bystander = format!(
        r#"{{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 9Mi. ","conditions":
        [{{"type":"DisruptionTarget","status":"True","lastTransitionTime":"{now}"}}]}}"#
    );
    let crashes = r#"{"phase":"Running","containerStatuses":[{"name":"c","image":"i","imageID":"i","ready":false,
        "restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
        "lastState":{"terminated":{"exitCode":3,"message":"no database"}}}]}"#;
    for (pod, status, reason, said) in [
        (
            "eater",
            evicted.as_str(),
            "OutOfMemory",
            "wants more memory",
        ),
        (
            "bystander",
            bystander.as_str(),
            "Evicted",
            "was ended by the kubelet, and need not be to blame: the disk is nearly full",
        ),
        (
            "crasher",
            crashes,
            "CrashLoop",
            "ends again and again: container c with exit code 3; its last line: no database",
        ),
    ] {
        let spec = r#"{"spec":{"nodeName":"edge","automountServiceAccountToken":false}}"#;
        plane.kubectl(&[
            "run",
            pod,
            "--image=i",
            "--restart=Always",
            "--overrides",
            spec,
        ]);
        let patch = format!(r#"{{"status":{status}}}"#);
        let patch = [
            "patch",
            "pod",
            pod,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ];
        plane.kubectl(&patch);
        until(&format!("{pod} to be named"), || {
            let state: NodeState =
                init_api::load(plane.paths.at(init_api::paths::NODE)).unwrap_or_default();
            let line = format!("default/{pod} {said}");
            state
                .offenders
                .iter()
                .any(|offender| offender.starts_with(&line))
        });
        let about = format!("--field-selector=involvedObject.name={pod},reason={reason}");
        plane.eventually(&["get", "events", &about, "-o", "name"], |names| {
            !names.is_empty()
        });
        plane.kubectl(&["delete", "pod", pod, "--grace-period=0", "--force"]);
    }
}
