use super::{Card, Cards, LONGEST_PAUSE, Sending, Step};
use init_api::{Root, paths};
use std::fs;
use std::os::unix::fs::symlink;

fn of(sent: u64, waiting: u64) -> Option<Sending> {
    Some(Sending { sent, waiting })
}

#[test]
fn only_a_full_queue_behind_a_counter_that_stands_still_is_a_stall() {
    for (case, before, now, step) in [
        ("the first look", None, of(5, 9), Step::Nothing),
        ("nothing to send", of(5, 0), of(5, 0), Step::Nothing),
        ("it sends", of(5, 9), of(6, 9), Step::Nothing),
        ("a frame has just come", of(5, 0), of(5, 9), Step::Nothing),
        ("the queue is empty", of(5, 9), of(5, 0), Step::Nothing),
        ("the link is gone", of(5, 9), None, Step::Nothing),
        ("the counter began anew", of(5, 9), of(0, 9), Step::Nothing),
        ("stalled", of(5, 9), of(5, 9), Step::Restart),
        (
            "stalled while more comes",
            of(5, 9),
            of(5, 99),
            Step::Restart,
        ),
    ] {
        let card = Card {
            before,
            ..Card::default()
        };
        assert_eq!(card.next(now).1, step, "{case}");
    }
}

/// The looks, from the first on, after which the link is taken down and up while nothing is ever sent.
fn tries(looks: u32) -> (Vec<u32>, Card) {
    let mut card = Card::default();
    let mut tries = Vec::new();
    for look in 0..looks {
        let (next, step) = card.next(of(5, 9));
        card = next;
        if step == Step::Restart {
            tries.push(look);
        }
    }
    (tries, card)
}

#[test]
fn what_does_not_help_is_tried_ever_more_seldom() {
    let (tries, card) = tries(400);
    let pauses: Vec<u32> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(tries[..3], [1, 4, 8]);
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&(LONGEST_PAUSE + 2)));
    let note = card.note("eth0").expect("a note");
    assert!(note.contains("does not help"), "{note}");
    let (sends, _) = card.next(of(5, 9)).0.next(of(6, 9));
    assert_eq!((sends.in_vain, sends.pause), (0, 0));
    let note = sends.note("eth0").expect("a note");
    assert!(note.contains("was taken down and up"), "{note}");
}

#[test]
fn a_card_that_never_stalled_is_not_told_of() {
    assert_eq!(Card::default().note("eth0"), None);
}

/// A machine with two cards of different drivers.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(compatible: &str) -> Self {
        let machine = Self(tempfile::tempdir().expect("folder"));
        let known = r#"[{"compatible":"brcm,bcm2712","stalling_card":"macb"}]"#;
        machine.put(paths::MACHINES, known);
        machine.put("/sys/firmware/devicetree/base/compatible", compatible);
        for (card, driver) in [("eth0", "macb"), ("eth1", "r8152")] {
            let device = machine.root().path(format!("/sys/class/net/{card}/device"));
            fs::create_dir_all(&device).expect("folder");
            symlink(format!("../../bus/drivers/{driver}"), device.join("driver")).expect("link");
        }
        machine
    }

    fn root(&self) -> Root {
        Root::new(self.0.path())
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root().path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(path, text).expect("written");
    }

    /// Both cards have sent so much, and so many bytes wait in one of two queues.
    fn sends(&self, sent: u64, waiting: u64) {
        for card in ["eth0", "eth1"] {
            let put = |file: &str, number: u64| {
                self.put(
                    &format!("/sys/class/net/{card}/{file}"),
                    &format!("{number}\n"),
                );
            };
            put("carrier", 1);
            put("statistics/tx_packets", sent);
            put("queues/tx-0/byte_queue_limits/inflight", 0);
            put("queues/tx-1/byte_queue_limits/inflight", waiting);
            fs::create_dir_all(
                self.root()
                    .path(format!("/sys/class/net/{card}/queues/rx-0")),
            )
            .expect("folder");
        }
    }
}

#[test]
fn only_cards_that_the_image_knows_are_looked_at() {
    for (case, compatible, expected) in [
        (
            "a Pi 5",
            "raspberrypi,5-model-b\0brcm,bcm2712\0",
            &["eth0"][..],
        ),
        ("a Pi 4", "raspberrypi,4-model-b\0brcm,bcm2711\0", &[]),
    ] {
        let machine = Machine::new(compatible);
        let mut cards = Cards::default();
        machine.sends(7, 1514);
        assert_eq!(cards.stalled(&machine.root()), [""; 0], "{case}");
        machine.sends(7, 3028);
        assert_eq!(cards.stalled(&machine.root()), expected, "{case}");
        let told = cards.notes().collect::<Vec<_>>();
        assert_eq!(told.len(), expected.len(), "{case}: {told:?}");
    }
}

#[test]
fn a_card_without_a_link_or_an_account_is_left_alone() {
    for (case, file) in [
        ("no link", "carrier"),
        ("no account", "queues/tx-1/byte_queue_limits/inflight"),
    ] {
        let machine = Machine::new("brcm,bcm2712\0");
        let mut cards = Cards::default();
        for _ in 0..3 {
            machine.sends(7, 1514);
            machine.put(&format!("/sys/class/net/eth0/{file}"), "0\n");
            assert_eq!(cards.stalled(&machine.root()), [""; 0], "{case}");
        }
    }
}
