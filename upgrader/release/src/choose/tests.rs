use super::*;

const LIST: &str = r#"{"format": 1, "releases": [
    {"version": "0.1.0", "archs": ["amd64"], "kubernetes": "1.36.3", "downgrade": true, "channels": {"stable": {"rollout": 100}}},
    {"version": "0.2.0", "archs": ["amd64", "arm64"], "kubernetes": "1.37.2", "channels": {"stable": {"rollout": 100}}},
    {"version": "0.3.0", "archs": ["amd64"], "kubernetes": "1.38.0", "min_version": "0.2.0",
     "channels": {"stable": {"rollout": 100}, "never": {"rollout": 0}}},
    {"version": "0.4.0", "archs": ["amd64"], "kubernetes": "1.38.0", "min_version": "0.2.0",
     "channels": {"later": {"rollout": 100, "not_before": "2026-10-01T00:00:00Z"}}},
    {"version": "0.5.0", "archs": ["arm64"], "kubernetes": "1.38.0"}]}"#;

#[test]
fn every_answer() {
    let releases = Releases::parse(LIST.as_bytes()).unwrap();
    for (running, wanted, expected) in [
        ("0.1.0", "0.2.0", "0.2.0"),
        ("0.1.0", "stable", "0.2.0"),
        ("0.2.0", "stable", "0.3.0"),
        ("0.3.0", "0.4.0", "0.4.0"),
        (
            "0.3.0",
            "later",
            "release 0.4.0 is given out in channel later from 2026-10-01T00:00:00Z on",
        ),
        (
            "0.2.0",
            "never",
            "release 0.3.0 is given out to 0% of the nodes in channel never, and this one is not among them yet",
        ),
        (
            "0.3.0",
            "stable",
            "channel stable has nothing newer than 0.3.0",
        ),
        (
            "0.3.0",
            "beta",
            "the repository has no channel beta; it has later, never, stable",
        ),
        ("0.2.0", "0.2.0", "0.2.0 is running already"),
        (
            "0.2.0",
            "0.9.0",
            "the repository has no release 0.9.0; the newest is 0.5.0",
        ),
        (
            "0.2.0",
            "0.5.0",
            "release 0.5.0 is not there for amd64, which this machine is, but for arm64 alone: take another release",
        ),
        (
            "0.1.0",
            "0.3.0",
            "release 0.3.0 can be reached from 0.2.0 on, and 0.1.0 is running: upgrade to a release between first",
        ),
        (
            "0.3.0",
            "0.2.0",
            "release 0.2.0 is older than 0.3.0, which is running: a downgrade must be asked for",
        ),
        ("0.3.0", "down 0.1.0", "0.1.0"),
        (
            "0.3.0",
            "down 0.2.0",
            "release 0.2.0 is older than 0.3.0, which is running, and was not published as one to go back to",
        ),
    ] {
        let name = wanted.strip_prefix("down ");
        let running = running.parse().unwrap();
        let node = Node {
            running: &running,
            arch: Arch::Amd64,
            id: "a-node",
            kubernetes: None,
            allow_downgrade: name.is_some(),
        };
        let name = name.unwrap_or(wanted);
        let wish = match name.parse() {
            Ok(version) => Wanted::Version(version),
            Err(_) => Wanted::Channel(name.to_owned()),
        };
        let now = "2026-09-01T00:00:00Z".parse().unwrap();
        let answer = match releases.choose(&wish, &node, now) {
            Ok(choice) => choice.release.version.to_string(),
            Err(why) => why.to_string(),
        };
        assert_eq!(answer, expected, "{running} wants {wanted}");
    }
}

#[test]
fn kubernetes_moves_one_minor_at_a_time_and_down_only_when_asked() {
    let list = LIST.replace(r#", "min_version": "0.2.0""#, "");
    let releases = Releases::parse(list.as_bytes()).unwrap();
    let skips = |release: &str, now: &str| {
        format!(
            "release {release}, and {now} is running: no minor release can be left out, so go to a release between first"
        )
    };
    let older = |release: &str, now: &str| {
        format!(
            "release {release}, and {now} has written this node's datastore: an older one is taken only if a downgrade is asked for and the release was published as one to go back to"
        )
    };
    let (first, second) = ("0.1.0 has Kubernetes 1.36.3", "0.2.0 has Kubernetes 1.37.2");
    let third = "0.3.0 has Kubernetes 1.38.0";
    for (kubernetes, running, wanted, expected) in [
        (Some("1.36.3"), "0.1.0", "0.3.0", skips(third, "1.36.3")),
        (Some("1.36.3"), "0.1.0", "stable", "0.2.0".into()),
        (Some("v1.37.2"), "0.2.0", "0.3.0", "0.3.0".into()),
        (None, "0.1.0", "0.3.0", "0.3.0".into()),
        (Some("1.37.9"), "0.1.0", "0.2.0", "0.2.0".into()),
        // A newer release with an older Kubernetes.
        (Some("1.38.0"), "0.1.0", "0.2.0", older(second, "1.38.0")),
        (
            Some("1.38.0"),
            "0.1.0",
            "down 0.2.0",
            older(second, "1.38.0"),
        ),
        (Some("1.39.1"), "0.1.0", "stable", older(third, "1.39.1")),
        (Some("1.37.2"), "0.0.9", "0.1.0", older(first, "1.37.2")),
        (Some("1.37.2"), "0.0.9", "down 0.1.0", "0.1.0".into()),
        // An older release.
        (Some("1.37.2"), "0.3.0", "down 0.1.0", "0.1.0".into()),
        (
            Some("1.38.0"),
            "0.3.0",
            "down 0.1.0",
            skips(first, "1.38.0"),
        ),
        (
            Some("2.36.0"),
            "0.3.0",
            "down 0.1.0",
            skips(first, "2.36.0"),
        ),
    ] {
        let down = wanted.strip_prefix("down ");
        let running = running.parse().unwrap();
        let node = Node {
            running: &running,
            arch: Arch::Amd64,
            id: "a-node",
            kubernetes,
            allow_downgrade: down.is_some(),
        };
        let name = down.unwrap_or(wanted);
        let wish = match name.parse() {
            Ok(version) => Wanted::Version(version),
            Err(_) => Wanted::Channel(name.to_owned()),
        };
        let now = "2026-09-01T00:00:00Z".parse().unwrap();
        let answer = match releases.choose(&wish, &node, now) {
            Ok(choice) => choice.release.version.to_string(),
            Err(why) => why.to_string(),
        };
        assert_eq!(answer, expected, "{kubernetes:?} wants {wanted}");
    }
}

#[test]
fn a_percentage_reaches_its_share_of_the_nodes_and_never_takes_one_back() {
    let version = "0.2.0".parse().unwrap();
    let nodes: Vec<String> = (0..10_000).map(|n| format!("node-{n}")).collect();
    let mut before: Vec<&String> = Vec::new();
    for rollout in [0, 1, 10, 25, 50, 99, 100] {
        let now: Vec<_> = nodes
            .iter()
            .filter(|id| reached(&version, id, rollout))
            .collect();
        let expected = nodes.len() * usize::from(rollout) / 100;
        assert!(
            now.len().abs_diff(expected) < 200,
            "{rollout}%: {}",
            now.len()
        );
        assert!(before.iter().all(|id| now.contains(id)), "{rollout}%");
        before = now;
    }
    let first = |version: &str| {
        let version = version.parse().unwrap();
        nodes.iter().filter(|id| reached(&version, id, 10)).count()
    };
    let both =
        |id: &&String| reached(&version, id, 10) && reached(&"0.3.0".parse().unwrap(), id, 10);
    assert!(first("0.3.0") > 800);
    assert!(
        nodes.iter().filter(both).count() < 200,
        "others are first with another release"
    );
}
