//! What the kubelet says of a pod: that it was evicted, killed for want of memory, or ends again and again. A pod that is evicted
//! has no group any more that the kernel could count for.

use super::last_line::plain;
use super::offence::{Offence, Seen};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// What happened longer ago is nobody's news: a keeper that has just begun sees pods as they were left.
const NEWS: SignedDuration = SignedDuration::from_secs(300);
/// How the kubelet says that a pod itself had more than its share (`pkg/kubelet/eviction/helpers.go`): what a container took
/// beyond its request, and the limits of a volume, of a pod and of a container.
const BLAMES: [&str; 4] = [
    " was using ",
    "Usage of EmptyDir volume ",
    "Pod ephemeral local storage usage exceeds ",
    " exceeded its local ephemeral storage limit ",
];
/// A container that was started so often again ends again and again.
const OFTEN: i32 = 2;

/// What a pod is seen at; `last_line` gives the last line that a container of it logged.
pub(super) fn seen(
    pod: &Pod,
    now: Timestamp,
    last_line: impl Fn(&str) -> Option<String>,
) -> Vec<Seen> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let mut seen: Vec<Seen> = evicted(status, now).into_iter().collect();
    // One that was ended for good is not started again, and its logs are gone with it.
    let is_over = status.phase.as_deref() == Some("Failed");
    let containers = status.container_statuses.iter().flatten();
    for container in containers.chain(status.init_container_statuses.iter().flatten()) {
        seen.extend(killed(container, now));
        if !is_over {
            seen.extend(crashes(container, &last_line));
        }
    }
    seen
}

fn evicted(status: &PodStatus, now: Timestamp) -> Option<Seen> {
    if status.reason.as_deref() != Some("Evicted") {
        return None;
    }
    let conditions = status.conditions.iter().flatten();
    let mut times = conditions
        .filter(|one| one.type_ == "DisruptionTarget")
        .filter_map(|one| one.last_transition_time.as_ref());
    if times.next().is_some_and(|at| !is_news(at, now)) {
        return None;
    }
    ended(status.message.as_deref().unwrap_or_default())
}

/// The kubelet ends pods first of whose use it knows nothing, such as those that wait for their next start: not they took what
/// the node lacks.
fn ended(message: &str) -> Option<Seen> {
    let lacked = message.strip_prefix("The node was low on resource: ");
    let lacked = lacked.unwrap_or_default();
    let of_memory = lacked.starts_with("memory");
    if BLAMES.iter().any(|blame| message.contains(blame)) {
        let offence = if of_memory {
            Offence::Memory
        } else {
            Offence::Room
        };
        return Some(offence.shown(format!("the kubelet ended it: {}", plain(message))));
    }
    // One that was refused for the node's condition has not run at all.
    if of_memory || message.starts_with("The node had condition: ") {
        return None;
    }
    let why = if lacked.starts_with("ephemeral-storage") {
        "the disk is nearly full".to_owned()
    } else if lacked.starts_with("inodes") {
        "the disk has room for few more files".to_owned()
    } else if lacked.starts_with("pids") {
        "the node has nearly as many processes as it can have".to_owned()
    } else {
        plain(message)
    };
    Some(Offence::Evicted.shown(why))
}

fn killed(container: &ContainerStatus, now: Timestamp) -> Option<Seen> {
    let states = [&container.state, &container.last_state];
    let mut ends = states.into_iter().flatten().flat_map(|it| &it.terminated);
    ends.any(|end| {
        let at = end.finished_at.as_ref();
        end.reason.as_deref() == Some("OOMKilled") && at.is_some_and(|at| is_news(at, now))
    })
    .then(|| Offence::Memory.counted())
}

fn crashes(
    container: &ContainerStatus,
    last_line: impl Fn(&str) -> Option<String>,
) -> Option<Seen> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let end = container.last_state.as_ref()?.terminated.as_ref()?;
    let why = end.reason.as_deref().unwrap_or_default();
    // One that is killed for want of memory is named for that.
    if waiting.reason.as_deref() != Some("CrashLoopBackOff")
        || container.restart_count < OFTEN
        || why == "OOMKilled"
    {
        return None;
    }
    let ContainerStateTerminated {
        exit_code, message, ..
    } = end;
    let said = message.as_deref().and_then(|all| all.lines().last());
    let line = said.map(plain).or_else(|| last_line(&container.name));
    let line = line.map_or_else(
        || "it logged nothing".to_owned(),
        |line| format!("its last line: {line}"),
    );
    let name = &container.name;
    Some(Offence::Crashes.shown(format!(
        "container {name} with exit code {exit_code}; {line}"
    )))
}

fn is_news(at: &Time, now: Timestamp) -> bool {
    now.duration_since(at.0).abs() < NEWS
}

#[cfg(test)]
mod tests {
    use super::{Offence, seen};
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::{Value, json};

    fn of(status: &Value) -> Vec<(Offence, String)> {
        let pod: Pod =
            serde_json::from_value(json!({ "metadata": {}, "status": status })).expect("a pod");
        let now: Timestamp = "2026-11-28T10:00:00Z".parse().expect("a time");
        let line = |container: &str| (container == "shell").then(|| "no database".to_owned());
        let seen = seen(&pod, now, line).into_iter();
        seen.map(|one| (one.offence, one.how)).collect()
    }

    #[test]
    fn an_evicted_pod_is_named_for_what_the_node_lacked() {
        let eater = "The node was low on resource: memory. Container shell was using 1131248Ki, request is 0, has larger \
                     consumption of memory. ";
        let (now, long_ago) = ("09:59:00", "09:50:00");
        for (message, at, expected) in [
            (eater, now, Some((Offence::Memory, eater.trim()))),
            (eater, long_ago, None),
            (
                "The node was low on resource: memory. Threshold quantity: 25Mi, available: 9Mi. ",
                now,
                None,
            ),
            ("The node had condition: [DiskPressure]. ", now, None),
            (
                "The node was low on resource: inodes. ",
                now,
                Some((Offence::Evicted, "few more files")),
            ),
            (
                "The node was low on resource: pids. ",
                now,
                Some((Offence::Evicted, "processes")),
            ),
            (
                "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 9Mi. ",
                now,
                Some((Offence::Evicted, "the disk is nearly full")),
            ),
            (
                "The node was low on resource: ephemeral-storage. Container shell was using 9Gi, request is 0, has larger \
                 consumption of ephemeral-storage. ",
                now,
                Some((Offence::Room, "shell was using 9Gi")),
            ),
            (
                "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\". ",
                now,
                Some((Offence::Room, "\"scratch\" exceeds")),
            ),
            (
                "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
                now,
                Some((Offence::Room, "the total limit")),
            ),
            (
                "Container shell exceeded its local ephemeral storage limit \"1Mi\". ",
                now,
                Some((Offence::Room, "shell exceeded")),
            ),
            (
                "Something new. ",
                now,
                Some((Offence::Evicted, "Something new.")),
            ),
        ] {
            let found = of(&json!({
                "phase": "Failed", "reason": "Evicted", "message": message,
                "conditions": [{
                    "type": "DisruptionTarget", "status": "True", "lastTransitionTime": format!("2026-11-28T{at}Z"),
                }],
            }));
            let offence = found.first().map(|(offence, _)| *offence);
            assert_eq!(offence, expected.map(|(offence, _)| offence), "{message}");
            let said = expected.map_or("", |(_, said)| said);
            assert!(found.iter().all(|(_, how)| how.contains(said)), "{found:?}");
        }
        assert_eq!(
            of(&json!({ "phase": "Failed", "reason": "Terminated" })),
            []
        );
    }

    fn container(name: &str, restarts: u32, state: &Value, last: &Value) -> Value {
        json!({ "containerStatuses": [{
            "name": name, "image": "i", "imageID": "i", "ready": false, "restartCount": restarts, "state": state,
            "lastState": last,
        }] })
    }

    #[test]
    fn a_container_that_was_killed_a_moment_ago_wanted_memory() {
        let end = |at: &str, reason: &str| {
            json!({ "terminated": {
                "exitCode": 137, "reason": reason, "finishedAt": format!("2026-11-28T{at}Z"),
            } })
        };
        let memory = |found: Vec<(Offence, String)>| {
            found.iter().map(|(it, _)| *it).collect::<Vec<_>>() == [Offence::Memory]
        };
        let nothing = json!({});
        let waits = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        let killed = end("09:59:00", "OOMKilled");
        assert!(memory(of(&container("shell", 0, &killed, &nothing))));
        assert!(
            memory(of(&container("shell", 7, &waits, &killed))),
            "and is no crash"
        );
        let long_ago = end("08:00:00", "OOMKilled");
        assert_eq!(of(&container("shell", 1, &nothing, &long_ago)), []);
        let other = end("09:59:00", "Error");
        assert_eq!(of(&container("shell", 1, &nothing, &other)), []);
    }

    #[test]
    fn a_container_that_ends_again_and_again_is_named_with_its_code_and_last_line() {
        let waits = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        let runs = json!({ "running": {} });
        let end = json!({ "terminated": { "exitCode": 3, "reason": "Error" } });
        let talks = json!({ "terminated": { "exitCode": 0, "message": "first\nbye \u{1b}[2J" } });
        for (name, restarts, state, last, expected) in [
            (
                "shell",
                2,
                &waits,
                &end,
                Some("container shell with exit code 3; its last line: no database"),
            ),
            (
                "mute",
                2,
                &waits,
                &end,
                Some("container mute with exit code 3; it logged nothing"),
            ),
            (
                "shell",
                2,
                &waits,
                &talks,
                Some("container shell with exit code 0; its last line: bye [2J"),
            ),
            ("shell", 1, &waits, &end, None),
            ("shell", 9, &runs, &end, None),
        ] {
            let found = of(&container(name, restarts, state, last));
            let found = found.first().map(|(offence, how)| (*offence, how.as_str()));
            assert_eq!(found, expected.map(|how| (Offence::Crashes, how)));
        }
        let mut over = container("shell", 2, &waits, &end);
        over["phase"] = json!("Failed");
        assert_eq!(of(&over), [], "the kubelet has ended it");
    }
}
