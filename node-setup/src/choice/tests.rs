use super::{Candidate, Choice, Given, Purpose, WaysIn, choose, may_install, ways_in};
use init_api::Problem;
use os_config::{Source, SourceName};

const RELEASE: &str = "1.0.0";

fn last_good(release: &'static str, number: u64) -> Candidate<'static> {
    Candidate {
        path: "last-good.yaml",
        release,
        number,
    }
}

fn wrong() -> Problem {
    Problem::new("It is wrong", "config.yaml:2: hostnam\n", "Mend it.")
}

/// What was chosen, in a word: own, last good, maintenance, and the release of the last good one.
fn chosen(given: Given<'_>, readable: &[&str]) -> (String, Vec<String>) {
    let of = |at: usize| given.last_goods[at].release;
    let (choice, unreadable) = choose(given, |at| readable.contains(&of(at)));
    let word = match choice {
        Choice::Own => "own".to_owned(),
        Choice::Install => "install".to_owned(),
        Choice::LastGood { at, .. } => format!("last good of {}", of(at)),
        Choice::Maintenance { ways_in, .. } => match ways_in {
            WaysIn::Own => "maintenance by own".to_owned(),
            WaysIn::Defaults => "maintenance by defaults".to_owned(),
            WaysIn::LastGood(at) => format!("maintenance by last good of {}", of(at)),
        },
    };
    (
        word,
        unreadable.into_iter().map(|at| of(at).to_owned()).collect(),
    )
}

/// The last good ones that there are, which of them are readable, which is taken, which are told to be unreadable.
type Kept = (
    &'static str,
    Vec<Candidate<'static>>,
    &'static [&'static str],
    Option<&'static str>,
    &'static [&'static str],
);

fn kept() -> Vec<Kept> {
    let (own, older, newer) = (
        last_good(RELEASE, 2),
        last_good("0.9.0", 1),
        last_good("1.1.0", 3),
    );
    vec![
        ("none", vec![], &[], None, &[]),
        ("its own", vec![own], &[RELEASE], Some(RELEASE), &[]),
        ("its own, damaged", vec![own], &[], None, &[RELEASE]),
        (
            "an older one's",
            vec![older],
            &["0.9.0"],
            Some("0.9.0"),
            &[],
        ),
        (
            "a newer one's with unknown keys",
            vec![newer],
            &[],
            None,
            &["1.1.0"],
        ),
        (
            "a newer one's that it can read",
            vec![newer],
            &["1.1.0"],
            Some("1.1.0"),
            &[],
        ),
        (
            "all: its own first, however long ago",
            vec![newer, older, own],
            &["1.1.0", "0.9.0", RELEASE],
            Some(RELEASE),
            &[],
        ),
        (
            "its own damaged: the latest of the others",
            vec![older, newer, own],
            &["1.1.0", "0.9.0"],
            Some("1.1.0"),
            &[RELEASE],
        ),
        (
            "its own damaged, a newer one's unreadable",
            vec![older, newer, own],
            &["0.9.0"],
            Some("0.9.0"),
            &[RELEASE, "1.1.0"],
        ),
    ]
}

/// Every combination of what the sources say, who asks, and what there is from before.
#[test]
fn every_choice() {
    let problem = wrong();
    for (case, last_goods, readable, best, unreadable) in kept() {
        for right in [Some(Purpose::Node), Some(Purpose::Install), None] {
            for asked in [None, Some("the kernel's command line")] {
                let given = Given {
                    own: right.ok_or(&problem),
                    last_goods: &last_goods,
                    release: RELEASE,
                    maintenance_asked_by: asked,
                };
                let (word, told) = chosen(given, readable);
                let expected = match (right, asked, best) {
                    (Some(Purpose::Node), None, _) => "own".to_owned(),
                    (Some(Purpose::Install), None, _) => "install".to_owned(),
                    (Some(_), Some(_), _) => "maintenance by own".to_owned(),
                    (None, None, Some(best)) => format!("last good of {best}"),
                    (None, Some(_), Some(best)) => format!("maintenance by last good of {best}"),
                    (None, _, None) => "maintenance by defaults".to_owned(),
                };
                let name = format!("{case}; right: {right:?}; asked: {asked:?}");
                assert_eq!(word, expected, "{name}");
                let nothing: &[&str] = &[];
                assert_eq!(
                    told,
                    if right.is_some() { nothing } else { unreadable },
                    "{name}"
                );
            }
        }
        let expected = best.map(|best| last_goods.iter().position(|one| one.release == best));
        let found = ways_in(&last_goods, RELEASE, |at| {
            readable.contains(&last_goods[at].release)
        });
        let expected = expected
            .flatten()
            .map_or(WaysIn::Defaults, WaysIn::LastGood);
        assert_eq!(found, expected, "{case}: not applied");
    }
}

#[test]
fn what_is_said() {
    let problem = wrong();
    let newer = [last_good(RELEASE, 2), last_good("1.1.0", 3)];
    let given = |last_goods, asked| Given {
        own: Err(&problem),
        last_goods,
        release: RELEASE,
        maintenance_asked_by: asked,
    };
    let said = |given| match choose(given, |at| at == 0).0 {
        Choice::Own | Choice::Install => panic!("the sources are wrong"),
        Choice::LastGood { instead, .. } => instead,
        Choice::Maintenance { problem, .. } => problem,
    };
    let instead = said(given(&newer[..1], None));
    assert_eq!(
        (instead.title.as_str(), instead.cure.as_str()),
        ("It is wrong", "Mend it.")
    );
    assert_eq!(
        instead.text,
        "config.yaml:2: hostnam\n\nThe node runs by the last configuration that was right, last-good.yaml, which release 1.0.0 \
         accepted. Nothing is removed from the cluster meanwhile."
    );
    let instead = said(given(&newer, None));
    let hint = "Release 1.1.0 ran here later: what it accepted may have keys that this release, 1.0.0, does not know.";
    assert!(instead.text.ends_with(hint), "{}", instead.text);
    assert_eq!(said(given(&[], None)), problem);
    let asked = said(given(
        &newer,
        Some("`holdfast.maintenance` on the kernel's command line"),
    ));
    assert_eq!(asked.title, "Maintenance mode was asked for");
    assert_eq!(
        asked.text,
        "By `holdfast.maintenance` on the kernel's command line. The cluster is not started.\n\nBesides: It is wrong\n\
         config.yaml:2: hostnam"
    );
}

#[test]
fn only_the_config_partition_of_what_is_no_node_may_ask_for_an_installation() {
    let source = |name| Source::new(name, "there", "");
    let config = source(SourceName::ConfigPartition);
    assert_eq!(may_install(&[&config], false), Ok(()));
    let node = may_install(&[&config], true).expect_err("it is a node");
    assert!(node.title.contains("of a node"), "{node:?}");
    for name in SourceName::ALL {
        if name == SourceName::ConfigPartition {
            continue;
        }
        let other = source(name);
        for said in [vec![&other], vec![&config, &other], vec![&other, &config]] {
            let problem = may_install(&said, false).expect_err("somebody else says it");
            assert!(
                problem.text.contains(&format!("{name} (there)")),
                "{problem:?}"
            );
        }
    }
}
