//! What the kernel wrote into pstore when it crashed: foreign bytes, in parts.
//!
//! Each part begins with a line as `Panic#1 Part3`, whatever keeps it (variables of the firmware, ERST, memory). A part is a piece of
//! the kernel's log; the first one is the end of it.

use host::plain;

/// The longest text of one crash; of a longer one the end stays, where the kernel says what it died of.
pub(super) const LONGEST: usize = 64 * 1024;
/// A line that is shown is no longer.
const LONGEST_LINE: usize = 200;
/// What the kernel says last of all.
const PANIC: &str = "Kernel panic - not syncing";
/// What it says first of all when something is wrong in it, on any architecture.
const CAUSES: [&str; 8] = [
    "BUG:",
    "Oops:",
    "Internal error:",
    "Unable to handle kernel",
    "general protection fault",
    "kernel BUG at",
    "Out of memory",
    "soft lockup",
];

/// A crash of the kernel, or a complaint that it survived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// Whether it was the end.
    pub panic: bool,
    /// The end of the kernel's log, as text without control characters.
    pub text: String,
    /// Which way it was kept: the reason and its number in that boot.
    header: String,
    next_part: u32,
}

/// Puts the parts together, which come in the order in which they were written; bytes that are no part are let go. Gives the
/// crashes, the oldest first.
pub fn read_crashes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Crash> {
    let mut crashes: Vec<Crash> = Vec::new();
    for (header, part, text) in parts.into_iter().filter_map(read_part) {
        // A complaint and the panic after it may lie between each other: firmware knows the second and the part, in this order.
        let same = crashes.iter_mut().rfind(|crash| crash.header == header);
        match same {
            // A part of which the one before is missing still belongs to it.
            Some(last) if part >= last.next_part => {
                last.text.insert_str(0, &text);
                last.next_part = part.saturating_add(1);
            }
            _ => crashes.push(Crash {
                panic: header.starts_with("Panic#"),
                text,
                header,
                next_part: part.saturating_add(1),
            }),
        }
    }
    for crash in &mut crashes {
        cut(&mut crash.text);
    }
    crashes
}

/// `Panic#1`, 3 and the rest of a part whose first line is `Panic#1 Part3`.
fn read_part(bytes: &[u8]) -> Option<(String, u32, String)> {
    let end = bytes.iter().take(80).position(|byte| *byte == b'\n')?;
    let first = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (header, part) = first.split_once(" Part")?;
    let (reason, number) = header.split_once('#')?;
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_word(reason) || number.parse::<u32>().is_err() {
        return None;
    }
    let part = part.parse().ok()?;
    let text = String::from_utf8_lossy(bytes.get(end + 1..)?);
    let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let mut text: String = text.chars().map(plain).collect();
    cut(&mut text);
    Some((header.to_owned(), part, text))
}

/// Leaves the end of a text that is too long.
fn cut(text: &mut String) {
    let over = text.len().saturating_sub(LONGEST);
    let begin = (over..=text.len()).find(|at| text.is_char_boundary(*at));
    text.drain(..begin.unwrap_or_default());
}

impl Crash {
    /// The lines that tell what it was: what the kernel died of, what was wrong first, and which program ran then. None that says
    /// nothing, and at most three.
    pub fn headline(&self) -> Vec<String> {
        let lines: Vec<&str> = self.text.lines().map(message).collect();
        let find = |wanted: &dyn Fn(&str) -> bool| lines.iter().copied().find(|line| wanted(line));
        let panic = find(&|line| line.starts_with(PANIC));
        let cause = find(&|line| CAUSES.iter().any(|cause| line.contains(cause)));
        let program = find(&|line| line.starts_with("CPU:") && line.contains(" Comm: "));
        let any = find(&|line| !line.is_empty());
        let mut found: Vec<&str> = panic.into_iter().chain(cause).collect();
        if found.is_empty() {
            found.extend(any);
        }
        found.extend(program.filter(|program| !found.contains(program)));
        found
            .into_iter()
            .map(|line| plain::line(line, LONGEST_LINE))
            .collect()
    }
}

/// A line of the log without its level and its time: `<0>[    3.123456] Kernel panic`.
fn message(line: &str) -> &str {
    let level = |line: &str| line.bytes().take_while(u8::is_ascii_digit).count();
    let line = match line.strip_prefix('<') {
        Some(rest) => rest
            .get(level(rest)..)
            .and_then(|rest| rest.strip_prefix('>'))
            .unwrap_or(line),
        None => line,
    };
    let is_time = |time: &str| time.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b' '));
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((time, rest)) if is_time(time) => rest.trim(),
        _ => line.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Crash, LONGEST, message, read_crashes};

    const END: &str = "<0>[   12.345678] Kernel panic - not syncing: Fatal exception\n\
                       <0>[   12.345679] Kernel Offset: disabled\n";
    const MIDDLE: &str = "<1>[   12.000001] BUG: kernel NULL pointer dereference, address: 0000000000000000\n\
                          <4>[   12.000002] CPU: 0 UID: 0 PID: 77 Comm: bad\u{1b}[2J Not tainted 6.12 #1 Debian\n";

    fn read(parts: &[String]) -> Vec<Crash> {
        read_crashes(parts.iter().map(String::as_bytes))
    }

    #[test]
    fn parts_make_a_text_again_and_its_lines_tell_what_it_was() {
        let crashes = read(&[
            format!("Panic#2 Part1\n{END}"),
            format!("Panic#2 Part2\n{MIDDLE}"),
        ]);
        let [crash] = crashes.as_slice() else {
            panic!("one: {crashes:?}");
        };
        assert!(crash.panic);
        assert_eq!(crash.text, format!("{MIDDLE}{END}").replace('\u{1b}', " "));
        assert_eq!(
            crash.headline(),
            [
                "Kernel panic - not syncing: Fatal exception",
                "BUG: kernel NULL pointer dereference, address: 0000000000000000",
                "CPU: 0 UID: 0 PID: 77 Comm: bad [2J Not tainted 6.12 #1 Debian",
            ]
        );
    }

    #[test]
    fn crashes_are_told_from_each_other() {
        let parts = [
            "Oops#1 Part1\nOops: 0002\n",
            "Panic#1 Part1\nb\n",
            "Oops#1 Part2\nbefore\n",
            "Panic#1 Part3\na\n",
            // Of the next boot.
            "Panic#1 Part1\nc\n",
        ];
        let found = read(&parts.map(str::to_owned));
        let found: Vec<_> = found.iter().map(|c| (c.panic, c.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (false, "before\nOops: 0002\n"),
                (true, "a\nb\n"),
                (true, "c\n")
            ]
        );
    }

    #[test]
    fn what_is_no_part_is_let_go_and_what_is_long_keeps_its_end() {
        for bad in [
            "",
            "\n",
            "Panic#1 Part1",
            "Panic#1 Partx\nx",
            "Panic#x Part1\nx",
            "#1 Part1\nx",
            "Pa nic#1 Part1\nx",
            "====1.2-D\nx",
        ] {
            assert_eq!(read(&[bad.to_owned()]), [], "{bad:?}");
        }
        assert_eq!(read_crashes([&b"Panic#1 Part1\n\xff\xfe"[..]]).len(), 1);
        let long = "ä".repeat(LONGEST);
        let parts = [1, 2].map(|part| format!("Panic#1 Part{part}\n{long}{part}\n"));
        let [crash] = &read(&parts)[..] else {
            panic!("one");
        };
        assert!(crash.text.len() <= LONGEST && crash.text.ends_with("1\n"));
        assert!(crash.headline()[0].chars().count() <= 200);
    }

    #[test]
    fn a_message_has_no_level_and_no_time() {
        for (line, expected) in [
            ("<0>[    3.1] Kernel panic", "Kernel panic"),
            ("[    3.1] x", "x"),
            ("<4>x", "x"),
            ("[drm] x", "[drm] x"),
            ("<x>y", "<x>y"),
            ("", ""),
        ] {
            assert_eq!(message(line), expected, "{line}");
        }
        let silent = read(&["Panic#1 Part1\n\n".to_owned()]);
        assert_eq!(silent[0].headline(), [""; 0]);
    }
}
