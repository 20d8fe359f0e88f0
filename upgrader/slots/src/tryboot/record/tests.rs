use super::{LONGEST, RECORD_SIZE, Record, SUM, Slot, Spare, Standing, checksum};
use crate::{BadRecord, Counter, EntryName};
use proptest::prelude::*;

fn name(version: &str) -> EntryName {
    EntryName::of_version(version).expect("a version")
}

fn on_trial() -> Record {
    Record {
        good: Slot::B,
        good_name: name("1.0.0"),
        spare: Some(Spare {
            name: name("1.1.0"),
            standing: Standing::New { size: 71_303_168 },
            trial: Some(Counter { left: 1, done: 0 }),
        }),
    }
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(RECORD_SIZE, b'\n');
    bytes
}

/// The file as it is on a disk, letter by letter: what the firmware and people read.
#[test]
fn the_record_is_what_the_firmware_reads_and_comes_back() {
    let text = "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n\
        # Written by Holdfast: the slot that starts, and what is in both.\n\
        # a=holdfast_1.1.0.efi\n# b=holdfast_1.0.0.efi\n# size=71303168\n# left=1\n# done=0\n";
    let text = format!("{text}{SUM}{}\n", checksum(text));
    assert_eq!(on_trial().render().to_vec(), padded(&text));
    let kept = on_trial().counted(&name("1.1.0"), None).expect("proved");
    for record in [Record::of(name("1")), on_trial(), kept] {
        assert_eq!(Record::parse(&record.render()), Ok(record));
    }
}

#[test]
fn what_is_no_record_is_said() {
    let whole = on_trial().render();
    let text = String::from_utf8(whole.to_vec()).expect("text");
    let summed = |text: &str| padded(&format!("{text}{SUM}{}\n", checksum(text)));
    let by_hand = text.replace("boot_partition=3", "boot_partition=2");
    for (case, bytes, expected) in [
        ("short", whole[1..].to_vec(), BadRecord::Length(511)),
        ("by hand", by_hand.into_bytes(), BadRecord::Checksum),
        (
            "a plain one",
            padded("[all]\nboot_partition=2\n"),
            BadRecord::Checksum,
        ),
        ("no text", vec![0xff; RECORD_SIZE], BadRecord::Checksum),
        (
            "another slot",
            summed("boot_partition=5\n"),
            BadRecord::NoGood,
        ),
        (
            "no release",
            summed("boot_partition=2\n"),
            BadRecord::NoGood,
        ),
        (
            "no number",
            summed("boot_partition=x\n"),
            BadRecord::Line("boot_partition=x".into()),
        ),
        (
            "another release",
            summed("boot_partition=2\n# a=linux.efi\n"),
            BadRecord::Line("# a=linux.efi".into()),
        ),
        (
            "another's order",
            summed("# a=holdfast_1.efi\nboot_partition=2\n"),
            BadRecord::Foreign,
        ),
    ] {
        assert_eq!(Record::parse(&bytes), Err(expected), "{case}");
    }
}

/// The firmware passes over what comes after 98 characters of a line, and reads 512 bytes.
#[test]
fn the_longest_names_fit_the_firmwares_lines() {
    let long = |digit: &str| name(&digit.repeat(LONGEST - "holdfast_.efi".len()));
    let record = Record {
        good: Slot::A,
        good_name: long("1"),
        spare: Some(Spare {
            name: long("2"),
            standing: Standing::New { size: u64::MAX },
            trial: Some(Counter { left: 99, done: 99 }),
        }),
    };
    let bytes = record.render();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.lines().all(|line| line.len() <= 98), "{text}");
    let parsed = Record::parse(&bytes).expect("a record");
    assert_eq!(
        parsed.spare.and_then(|spare| spare.trial),
        Some(Counter { left: 9, done: 9 })
    );
}

#[test]
fn every_order_has_its_next_record_or_is_refused() {
    type Order = fn(&Record) -> Result<Record, crate::SlotsError>;
    let tells = |record: Result<Record, crate::SlotsError>| {
        record.map_or("refused".to_owned(), |record| {
            let spare = record.spare.map_or("-".to_owned(), |spare| {
                let trial = spare
                    .trial
                    .map_or(String::new(), |c| format!("+{}-{}", c.left, c.done));
                let kept = if spare.standing == Standing::Kept {
                    " kept"
                } else {
                    ""
                };
                format!("{}{trial}{kept}", spare.name.version())
            });
            format!(
                "{} {} {spare}",
                record.good.letter(),
                record.good_name.version()
            )
        })
    };
    let only = Record::of(name("1"));
    let waits = only.staged(name("2"), 9);
    let tried = waits.armed(&name("2"), 1).expect("it waits");
    let kept = tried.counted(&name("2"), None).expect("proved");
    let back = kept
        .counted(&name("1"), Some(Counter::fresh(1)))
        .expect("kept");
    let orders: [(&str, Order); 9] = [
        ("arm 2", |r| r.armed(&name("2"), 1)),
        ("disarm 2", |r| r.disarmed(&name("2"))),
        ("2 is good", |r| r.counted(&name("2"), None)),
        ("1 is good", |r| r.counted(&name("1"), None)),
        ("2 is spent", |r| {
            r.counted(&name("2"), Some(Counter { left: 0, done: 1 }))
        }),
        ("1 is spent", |r| {
            r.counted(&name("1"), Some(Counter { left: 0, done: 1 }))
        }),
        ("only 1", |r| r.only(&[&name("1")])),
        ("only 2", |r| r.only(&[&name("2")])),
        ("only 3", |r| r.only(&[&name("3")])),
    ];
    let table = [
        (
            &only,
            [
                "refused", "refused", "refused", "a 1 -", "refused", "refused", "a 1 -", "refused",
                "refused",
            ],
        ),
        (
            &waits,
            [
                "a 1 2+1-0",
                "refused",
                "refused",
                "a 1 2",
                "refused",
                "refused",
                "a 1 -",
                "b 2 -",
                "refused",
            ],
        ),
        (
            &tried,
            [
                "refused",
                "a 1 2",
                "b 2 1 kept",
                "a 1 2+1-0",
                "a 1 2+0-1",
                "refused",
                "a 1 -",
                "b 2 -",
                "refused",
            ],
        ),
        (
            &kept,
            [
                "refused",
                "refused",
                "b 2 1 kept",
                "b 2 1 kept",
                "refused",
                "b 2 1+0-1 kept",
                "a 1 -",
                "b 2 -",
                "refused",
            ],
        ),
        (
            &back,
            [
                "refused",
                "refused",
                "b 2 1+1-0 kept",
                "a 1 2 kept",
                "refused",
                "b 2 1+0-1 kept",
                "a 1 -",
                "b 2 -",
                "refused",
            ],
        ),
    ];
    for (record, row) in table {
        for ((order, next), expected) in orders.iter().zip(row) {
            assert_eq!(
                tells(next(record)),
                expected,
                "{order} of {}",
                tells(Ok(record.clone()))
            );
        }
    }
}

proptest! {
    /// Whatever part of a write the disk has, the firmware finds the slot before or the new one.
    #[test]
    fn a_torn_record_starts_the_one_or_the_other(at in 0_usize..RECORD_SIZE, backwards: bool) {
        let (old, new) = (on_trial(), on_trial().counted(&name("1.1.0"), None).expect("proved"));
        let (first, second) = if backwards { (&old, &new) } else { (&new, &old) };
        let mut torn = first.render();
        torn[at..].copy_from_slice(&second.render()[at..]);
        let text = String::from_utf8(torn.to_vec()).expect("text");
        prop_assert!(text.starts_with("[all]\ntryboot_a_b=1\nboot_partition="));
        prop_assert!(text[36..].starts_with("\n[tryboot]\nboot_partition="), "{}", text);
        let digit = &text[35..36];
        prop_assert!(digit == "2" || digit == "3");
        if let Ok(record) = Record::parse(&torn) {
            prop_assert!(record == old || record == new);
        }
    }

    #[test]
    fn any_bytes_are_judged(text in "(\\[all\\]|# a=|# b=|# size=|# left=|boot_partition=|holdfast_[0-9]\\.efi|[23]|\n){0,20}") {
        let text = format!("{text}{SUM}{}\n", checksum(&text));
        if let Ok(record) = Record::parse(&padded(&text)) {
            prop_assert_eq!(record.render().to_vec(), padded(&text));
        }
    }
}
