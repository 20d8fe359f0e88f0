//! What the kubelet says of a pod: that it was evicted, killed for want of memory, or ends again and again. A pod that is evicted
//! has no group any more that the kernel could count for.

use super::last_line::plain;
use super::offence::{Offence, Seen};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// What happened longer ago is nobody's news: a keeper that has just begun sees pods as they were left.
const NEWS: SignedDuration = SignedDuration::from_secs(300);
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
    let containers = status.container_statuses.iter().flatten();
    for container in containers.chain(status.init_container_statuses.iter().flatten()) {
        seen.extend(killed(container, now));
        seen.extend(crashes(container, &last_line));
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
    // As `pkg/kubelet/eviction/helpers.go` has them. That ends pods first of whose use it knows nothing, such as those that wait
    // for their next start: not they took the memory. Whose containers took more than they asked for, it says.
    let message = status.message.as_deref().unwrap_or_default();
    let offence = match message.strip_prefix("The node was low on resource: ") {
        Some(rest) if rest.starts_with("memory") && !rest.contains(" was using ") => return None,
        Some(rest) if rest.starts_with("memory") => Offence::Memory,
        Some(rest) if rest.starts_with("inodes") => Offence::Files,
        Some(rest) if rest.starts_with("pids") => Offence::Processes,
        _ => Offence::Room,
    };
    let message = plain(message);
    Some(offence.shown(format!("the kubelet ended it: {}", message.trim())))
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
        for (message, at, expected) in [
            (
                "The node was low on resource: memory. Container shell was using 1131248Ki, request is 0, has larger \
                 consumption of memory. ",
                "09:59:00",
                Some(Offence::Memory),
            ),
            (
                "The node was low on resource: memory. Threshold quantity: 25Mi, available: 9Mi. ",
                "09:59:00",
                None,
            ),
            (
                "The node was low on resource: inodes. ",
                "09:59:00",
                Some(Offence::Files),
            ),
            (
                "The node was low on resource: pids. ",
                "09:59:00",
                Some(Offence::Processes),
            ),
            (
                "The node was low on resource: ephemeral-storage. ",
                "09:59:00",
                Some(Offence::Room),
            ),
            (
                "Usage of EmptyDir volume scratch exceeds the limit 1Mi. ",
                "09:59:00",
                Some(Offence::Room),
            ),
            (
                "The node was low on resource: memory. Container shell was using 1131248Ki, request is 0, has larger \
                 consumption of memory. ",
                "09:50:00",
                None,
            ),
        ] {
            let found = of(&json!({
                "phase": "Failed", "reason": "Evicted", "message": message,
                "conditions": [{
                    "type": "DisruptionTarget", "status": "True", "lastTransitionTime": format!("2026-11-28T{at}Z"),
                }],
            }));
            let offence = found.first().map(|(offence, _)| *offence);
            assert_eq!(offence, expected, "{message}");
            let tells = found.iter().all(|(_, how)| how.contains(message.trim()));
            assert!(tells, "{found:?}");
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
    }
}
