//! USB sticks that are a lasting source: late, gone for a while, gone for good.

use crate::node::{Folders, TestNode};
use init_api::Millis;
use node_setup::change::{Writable, confirm, propose};
use node_setup::trial::Trial;
use node_setup::{Outcome, Stick, configure};
use std::io;
use std::path::Path;

const CONFIG: &str = "version: 1\nhostname: edge-1\n";

fn good(device: &str) -> Stick {
    let text = "version: 1\nlabels: {from: stick}\nmanifests: [{name: of-the-stick.yaml, content: 'kind: A'}]\n";
    Stick::new(device, text)
}

fn bad(device: &str) -> Stick {
    Stick::unreadable(device, format!("cannot read {device}: it hung"))
}

/// Configures as the next boot does: memory is empty.
fn boot(node: &TestNode, media: &mut Folders) {
    let _ = std::fs::remove_dir_all(node.directory.path().join("run"));
    again(node, media);
}

/// Configures once more in the same boot.
fn again(node: &TestNode, media: &mut Folders) {
    let outcome = configure(&node.root, media, node.machine.clone()).unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

/// Whether the last configuration says that a part is missing; if so, the notes say what to do.
fn is_incomplete(node: &TestNode) -> bool {
    let report = node.configured();
    let told = report
        .warnings
        .iter()
        .any(|line| line.contains("holdfast config apply FILE"));
    assert_eq!(told, report.incomplete.is_some(), "{report:?}");
    told
}

/// Says that the partition is writable.
struct Open;

impl Writable for Open {
    fn set_writable(&mut self, _: &Path, _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// What is tried, the sticks at the beginning, those that come later, how many are waited for, whether one is missed.
type Boot = (&'static str, Vec<Stick>, Vec<Stick>, &'static [usize], bool);

#[test]
fn a_stick_that_was_a_source_is_missed_until_it_is_back() {
    let node = TestNode::new(CONFIG);
    let one = || vec![good("/dev/sda1")];
    let two = || vec![good("/dev/sda1"), good("/dev/sdb1")];
    let boots: [Boot; 12] = [
        ("none ever", vec![], vec![], &[], false),
        (
            "one without a file",
            vec![bad("/dev/sda1")],
            vec![],
            &[],
            false,
        ),
        ("the first one", one(), vec![], &[], false),
        ("there again", one(), vec![], &[1], false),
        ("late", vec![], one(), &[1], false),
        (
            "under another name",
            vec![good("/dev/sdc1")],
            vec![],
            &[1],
            false,
        ),
        ("pulled", vec![], vec![], &[1], true),
        ("still away", vec![], vec![], &[1], true),
        (
            "with a read error",
            vec![bad("/dev/sda1")],
            vec![],
            &[1],
            true,
        ),
        ("back, and a second one", two(), vec![], &[1], false),
        ("the second one pulled", one(), vec![], &[2], true),
        ("both", one(), vec![good("/dev/sdb1")], &[2], false),
    ];
    for (case, sticks, late, awaited, incomplete) in boots {
        let mut media = Folders {
            sticks,
            late,
            ..node.media()
        };
        boot(&node, &mut media);
        assert_eq!(media.awaited, awaited, "{case}: waited for");
        assert_eq!(is_incomplete(&node), incomplete, "{case}");
        // A configuration later in the boot does not wait, and misses as much.
        media.awaited.clear();
        again(&node, &mut media);
        assert_eq!(media.awaited, [0; 0], "{case}: waited again");
        assert_eq!(is_incomplete(&node), incomplete, "{case}: again");
    }
}

#[test]
fn a_late_stick_is_a_source_as_one_that_was_there() {
    let node = TestNode::new(CONFIG);
    let mut media = node.media();
    media.sticks = vec![good("/dev/sda1")];
    boot(&node, &mut media);
    let mut media = node.media();
    media.late = vec![good("/dev/sda1")];
    boot(&node, &mut media);
    assert!(
        node.read("run/holdfast/config.json")
            .contains("of-the-stick")
    );
}

/// A boot may be faster than its sticks, also than one that it has never seen.
#[test]
fn a_boot_does_not_miss_a_stick_that_the_kernel_is_about_to_find() {
    let node = TestNode::new(CONFIG);
    let mut media = node.media();
    media.on_their_way = vec![good("/dev/sda1")];
    boot(&node, &mut media);
    assert!(
        node.read("run/holdfast/config.json")
            .contains("of-the-stick")
    );
}

#[test]
fn a_damaged_record_was_one_of_a_stick() {
    let node = TestNode::new(CONFIG);
    node.write("var/lib/holdfast/config/sticks.json", "{");
    boot(&node, &mut node.media());
    assert!(is_incomplete(&node));
}

#[test]
fn a_stick_in_a_trial_does_not_belong_to_the_node_yet() {
    let node = TestNode::new(CONFIG);
    boot(&node, &mut node.media());
    let tried = CONFIG.replace("edge-1", "edge-2");
    let proposal = propose(
        &node.root,
        &mut node.media(),
        "new.yaml",
        tried.into(),
        None,
    )
    .unwrap();
    let ends_ms = Millis(1000);
    proposal.try_it(&node.root, Trial { ends_ms }).unwrap();
    let mut media = node.media();
    media.sticks = vec![good("/dev/sda1")];
    again(&node, &mut media);
    assert!(!node.exists("var/lib/holdfast/config/sticks.json"));
    boot(&node, &mut node.media());
    assert!(!is_incomplete(&node));
}

/// Applies a text; as on a node, the caller configures anew.
type Apply = fn(&TestNode, &mut Folders, &str);

fn apply(node: &TestNode, media: &mut Folders, text: &str) {
    let proposal = propose(&node.root, media, "new.yaml", text.into(), None).unwrap();
    proposal
        .write_to_config(&node.root, media, &mut Open)
        .unwrap();
}

fn try_it(node: &TestNode, media: &mut Folders, text: &str) {
    let proposal = propose(&node.root, media, "new.yaml", text.into(), None).unwrap();
    let ends_ms = Millis(1000);
    proposal.try_it(&node.root, Trial { ends_ms }).unwrap();
}

fn try_and_confirm(node: &TestNode, media: &mut Folders, text: &str) {
    try_it(node, media, text);
    again(node, media);
    assert!(is_incomplete(node), "on trial");
    confirm(&node.root, media, &mut Open).unwrap();
}

#[test]
fn a_file_that_a_person_applies_gives_up_what_is_missing() {
    let other = CONFIG.replace("edge-1", "edge-2");
    let one = || vec![good("/dev/sda1")];
    let cases: [(&str, Apply, &str, Vec<Stick>, bool); 5] = [
        ("another file", apply, &other, vec![], false),
        ("the same file", apply, CONFIG, vec![], false),
        ("confirmed", try_and_confirm, &other, vec![], false),
        ("only tried", try_it, &other, vec![], true),
        ("one of two is there", apply, &other, one(), false),
    ];
    for (case, apply, text, sticks, incomplete) in cases {
        let node = TestNode::new(CONFIG);
        let mut media = node.media();
        media.sticks = vec![good("/dev/sda1"), good("/dev/sdb1")];
        boot(&node, &mut media);
        let left = sticks.len();
        media.sticks = sticks;
        boot(&node, &mut media);
        assert!(is_incomplete(&node), "{case}: before");
        apply(&node, &mut media, text);
        again(&node, &mut media);
        assert_eq!(is_incomplete(&node), incomplete, "{case}");
        // The next boot misses what is still the node's.
        media.sticks.clear();
        boot(&node, &mut media);
        assert_eq!(
            is_incomplete(&node),
            incomplete || left > 0,
            "{case}: next boot"
        );
    }
}
