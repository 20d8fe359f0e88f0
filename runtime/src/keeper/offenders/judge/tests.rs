use super::{Counts, Offence, Pod, SHOWN, Watch};
use init_api::Millis;
use std::collections::BTreeMap;

fn pods(pods: &[(&str, &Counts)]) -> BTreeMap<Pod, Counts> {
    let owned = pods
        .iter()
        .map(|(name, counts)| (pod(name), (*counts).clone()));
    owned.collect()
}

fn pod(name: &str) -> Pod {
    Pod {
        namespace: "n".into(),
        name: name.into(),
        uid: format!("uid-of-{name}"),
    }
}

fn waits() -> Option<String> {
    Some("the system waits for the disk 23 % of the time".to_owned())
}

fn at(seconds: u64) -> Millis {
    Millis::seconds(seconds)
}

#[test]
fn whoever_takes_from_others_is_named_and_nobody_else() {
    let quiet = Counts {
        killed: 4,
        refused: 5,
        bytes: 100 << 20,
        operations: 1000,
        logs: BTreeMap::from([(7, 1 << 20)]),
    };
    let with = |change: fn(&mut Counts)| {
        let mut counts = quiet.clone();
        change(&mut counts);
        counts
    };
    let busy = with(|c| c.bytes += 50 << 20);
    let rotated = with(|c| c.logs = BTreeMap::from([(8, 3 << 20), (7, 2 << 20)]));
    for (case, disk, now, expected) in [
        ("quiet", waits(), quiet.clone(), None),
        (
            "memory",
            None,
            with(|c| c.killed += 1),
            Some(Offence::Memory),
        ),
        (
            "processes",
            None,
            with(|c| c.refused += 9),
            Some(Offence::Processes),
        ),
        ("logs", None, rotated, Some(Offence::Logs)),
        (
            "a few lines",
            None,
            with(|c| c.logs = BTreeMap::from([(7, 3 << 20)])),
            None,
        ),
        ("disk", waits(), busy.clone(), Some(Offence::Disk)),
        ("a disk that has time", None, busy, None),
        (
            "small",
            waits(),
            with(|c| c.operations += 100),
            Some(Offence::Disk),
        ),
        ("few and small", waits(), with(|c| c.operations += 99), None),
    ] {
        let mut watch = Watch::default();
        let first = watch.count(at(10), pods(&[("a", &quiet), ("b", &quiet)]), None);
        assert!(first.is_empty(), "what was before the first look");
        let fresh = watch.count(at(20), pods(&[("a", &now), ("b", &quiet)]), disk);
        let fresh: Vec<_> = fresh
            .into_iter()
            .map(|(pod, it)| (pod, it.offence))
            .collect();
        let expected: Vec<_> = expected.map(|it| (pod("a"), it)).into_iter().collect();
        assert_eq!(fresh, expected, "{case}");
        assert_eq!(watch.lines(at(20)).len(), expected.len(), "{case}");
    }
}

#[test]
fn a_pod_that_came_since_the_last_look_has_done_all_of_it_since() {
    let mut watch = Watch::default();
    watch.count(at(0), BTreeMap::new(), None);
    let killed = Counts {
        killed: 1,
        ..Counts::default()
    };
    assert_eq!(
        watch.count(at(10), pods(&[("new", &killed)]), None).len(),
        1
    );
}

#[test]
fn who_has_a_slow_disk_do_most_is_named() {
    let did = |bytes, operations| Counts {
        bytes,
        operations,
        ..Counts::default()
    };
    const MIB: u64 = 1 << 20;
    for (case, a, b, expected) in [
        ("bytes", did(50 * MIB, 50), did(40 * MIB, 60), Some("a")),
        (
            "many small ones",
            did(MIB, 1000),
            did(40 * MIB, 60),
            Some("a"),
        ),
        (
            "a few large ones",
            did(MIB, 300),
            did(400 * MIB, 60),
            Some("b"),
        ),
        ("both little", did(9 * MIB, 99), did(9 * MIB, 99), None),
    ] {
        let mut watch = Watch::default();
        let before = did(0, 0);
        watch.count(at(0), pods(&[("a", &before), ("b", &before)]), waits());
        let fresh = watch.count(at(10), pods(&[("a", &a), ("b", &b)]), waits());
        let named: Vec<_> = fresh.iter().map(|(pod, _)| pod.name.as_str()).collect();
        assert_eq!(named, Vec::from_iter(expected), "{case}");
    }
    let mut watch = Watch::default();
    watch.count(at(0), BTreeMap::new(), waits());
    let starts = watch.count(at(10), pods(&[("new", &did(50 * MIB, 1000))]), waits());
    assert_eq!(starts, [], "it reads its programs");
}

#[test]
fn it_is_news_once_and_named_for_a_while() {
    let mut watch = Watch::default();
    let killed = |killed| Counts {
        killed,
        ..Counts::default()
    };
    watch.count(at(0), pods(&[("a", &killed(0))]), None);
    assert_eq!(
        watch.count(at(10), pods(&[("a", &killed(1))]), None).len(),
        1
    );
    assert_eq!(watch.count(at(20), pods(&[("a", &killed(2))]), None), []);
    assert!(watch.lines(at(20))[0].starts_with("n/a wants more memory"));
    assert_eq!(watch.lines(at(349)).len(), 1);
    assert_eq!(watch.lines(at(350)), [""; 0]);
    assert!(watch.is_news(at(350), &pod("a"), &Offence::Memory.counted()));
}

#[test]
fn a_screen_is_enough_for_the_latest() {
    let mut watch = Watch::default();
    for number in 0..110 {
        let pod = pod(&format!("{number}"));
        assert!(watch.is_news(at(number), &pod, &Offence::Crashes.counted()));
    }
    assert!(!watch.is_news(at(110), &pod("7"), &Offence::Crashes.counted()));
    let lines = watch.lines(at(110));
    assert_eq!(lines.len(), SHOWN + 1);
    assert!(lines[0].starts_with("n/109 "), "{}", lines[0]);
    assert_eq!(lines[SHOWN], "and 100 more");
}

#[test]
fn who_takes_from_others_is_not_hidden_behind_those_that_crash() {
    let mut watch = Watch::default();
    watch.is_news(at(0), &pod("eater"), &Offence::Memory.counted());
    for number in 0..110 {
        watch.is_news(
            at(1),
            &pod(&format!("{number}")),
            &Offence::Crashes.counted(),
        );
    }
    assert!(watch.lines(at(2))[0].starts_with("n/eater wants more memory"));
}
