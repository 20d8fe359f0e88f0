//! The rules of `boot.scr`, written from its table in docs/design/slots.md and from U-Boot's documents of the commands that it
//! uses (`env import -t`, `env export -t -s`, `crc32`, `setexpr`, `test`). Nothing of it is shared with what writes the records.

use std::collections::BTreeMap;

/// The record that a boot is counted in, in the root of the boot partition.
pub const FIRST: &str = "slots.txt";
/// The one without a trial.
pub const SPARE: &str = "slots-good.txt";
/// Bytes of a record, the last four of which are the checksum of the others.
const SIZE: usize = 512;
const COVERED: usize = 508;
/// What the script imports and exports.
const NAMES: [&str; 5] = ["done", "good", "kept", "left", "trial"];
/// What a trial gets back when nothing else can be started.
const REFILL: &str = "3";

/// Both records, as they can be read; none that cannot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records {
    /// [`FIRST`].
    pub first: Option<Vec<u8>>,
    /// [`SPARE`].
    pub spare: Option<Vec<u8>>,
}

/// What one run of the script does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// What is written to [`FIRST`], before anything is started.
    pub written: Option<Vec<u8>>,
    /// The program that is started, and the tries that it has left if this one was counted. None: the machine resets after ten
    /// seconds.
    pub started: Option<(String, Option<String>)>,
}

type Values = BTreeMap<String, String>;

/// Runs the script. `starts` says of a file below `EFI/Linux` whether it can be loaded and is a program; `takes_writes` is
/// whether the partition does.
pub fn run(records: &Records, takes_writes: bool, starts: impl Fn(&str) -> bool) -> Run {
    let first = records.first.as_deref().and_then(import);
    let counts = first.is_some();
    let values = first.or_else(|| records.spare.as_deref().and_then(import));
    let Some(mut values) = values else {
        return Run::default();
    };
    let mut run = Run::default();
    let trial = values.get("trial").cloned().filter(|_| counts);
    let left = values.get("left").and_then(|left| left.parse::<u64>().ok());
    if let Some(trial) = trial.as_ref().filter(|_| left.is_some_and(|left| left > 0)) {
        change(&mut values, "left", |left| left.wrapping_sub(1));
        change(&mut values, "done", |done| done + 1);
        if takes_writes {
            run.written = Some(export(&values));
            if starts(trial) {
                run.started = Some((trial.clone(), values.get("left").cloned()));
                return run;
            }
        }
    }
    let proved = ["good", "kept"]
        .into_iter()
        .filter_map(|name| values.get(name));
    run.started = proved
        .into_iter()
        .find(|file| starts(file))
        .map(|file| (file.clone(), None));
    if run.started.is_none() && trial.is_some() && takes_writes {
        values.insert("left".to_owned(), REFILL.to_owned());
        values.insert("done".to_owned(), "0".to_owned());
        run.written = Some(export(&values));
    }
    run
}

/// The record of these values.
pub fn record(values: &[(&str, &str)]) -> Vec<u8> {
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    export(&values.iter().map(own).collect())
}

fn import(bytes: &[u8]) -> Option<Values> {
    let sum = u32::from_le_bytes(bytes.get(COVERED..)?.try_into().ok()?);
    if sum != crc32(&bytes[..COVERED]) {
        return None;
    }
    let text = bytes[..COVERED].split(|&byte| byte == 0).next()?;
    let lines = text.split(|&byte| byte == b'\n');
    let pair = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).into_owned();
        let (name, value) = line.split_once('=')?;
        let known = NAMES.contains(&name) && !value.is_empty();
        known.then(|| (name.to_owned(), value.to_owned()))
    };
    Some(lines.filter_map(pair).collect())
}

/// Sorted by their names; zeroes up to the checksum.
fn export(values: &Values) -> Vec<u8> {
    let mut bytes: Vec<u8> = values
        .iter()
        .flat_map(|(name, value)| format!("{name}={value}\n").into_bytes())
        .collect();
    bytes.resize(COVERED, 0);
    let sum = crc32(&bytes);
    bytes.extend(sum.to_le_bytes());
    debug_assert_eq!(bytes.len(), SIZE);
    bytes
}

/// `setexpr` reads and writes hexadecimal; what is not there is 0.
fn change(values: &mut Values, name: &str, by: impl Fn(u64) -> u64) {
    let before = values.get(name).map_or("0", String::as_str);
    let before = u64::from_str_radix(before, 16).unwrap_or(0);
    values.insert(name.to_owned(), format!("{:x}", by(before)));
}

/// The checksum of Ethernet and of U-Boot's `crc32`, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::{Records, Run, crc32, record, run};

    /// The check value that catalogues give for this checksum.
    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    const ON_TRIAL: [(&str, &str); 5] = [
        ("done", "1"),
        ("good", "a"),
        ("kept", "k"),
        ("left", "2"),
        ("trial", "b"),
    ];

    fn with(left: &str, done: &str) -> Vec<u8> {
        let mut values = ON_TRIAL;
        (values[0].1, values[3].1) = (done, left);
        record(&values)
    }

    /// The table of docs/design/slots.md, row by row.
    #[test]
    fn the_table_of_the_document() {
        let good = record(&[("good", "a"), ("kept", "k")]);
        let torn = {
            let mut torn = with("1", "2");
            torn[..256].copy_from_slice(&with("2", "1")[..256]);
            torn[300] ^= 1;
            torn
        };
        let plain = |file: &str| Some((file.to_owned(), None));
        let tried = |left: &str| Some(("b".to_owned(), Some(left.to_owned())));
        let all = &["a", "b", "k"][..];
        for (case, first, writes, there, written, started) in [
            ("no trial", good.clone(), true, all, None, plain("a")),
            (
                "tries left",
                with("2", "1"),
                true,
                all,
                Some(with("1", "2")),
                tried("1"),
            ),
            (
                "the last one",
                with("1", "2"),
                true,
                all,
                Some(with("0", "3")),
                tried("0"),
            ),
            ("no writes", with("2", "1"), false, all, None, plain("a")),
            ("none left", with("0", "3"), true, all, None, plain("a")),
            (
                "its program is gone",
                with("2", "1"),
                true,
                &["a"],
                Some(with("1", "2")),
                plain("a"),
            ),
            (
                "the good one is gone",
                with("0", "3"),
                true,
                &["b", "k"],
                None,
                plain("k"),
            ),
            (
                "only it is there",
                with("0", "3"),
                true,
                &["b"],
                Some(with("3", "0")),
                None,
            ),
            ("damaged", torn, true, all, None, plain("a")),
            (
                "too short",
                good[..511].to_vec(),
                true,
                all,
                None,
                plain("a"),
            ),
        ] {
            let records = Records {
                first: Some(first),
                spare: Some(good.clone()),
            };
            let ran = run(&records, writes, |file| there.contains(&file));
            assert_eq!(ran, Run { written, started }, "{case}");
        }
        let neither = run(&Records::default(), true, |_| true);
        assert_eq!(neither, Run::default(), "nothing to read");
    }
}
