//! The worst that fits into the size limit, and how long this thread was busy with it.
//!
//! `migrate` reads the same with its own tests.

use std::time::Duration;

use os_config::LARGEST_TEXT;

/// How long this thread has had a processor: what others do on the machine does not count (proc_schedstat of the kernel's
/// documentation).
pub(crate) fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let nanos = text.split(' ').next().expect("a field");
    Duration::from_nanos(nanos.parse().expect("a number"))
}

/// Each with its name, and whether it is a configuration.
pub(crate) fn inputs() -> Vec<(&'static str, String, bool)> {
    let lines = |begin: &str, line: &dyn Fn(usize) -> String| {
        let mut text = begin.to_owned();
        for number in 0.. {
            let line = line(number);
            if text.len() + line.len() > LARGEST_TEXT || number == 4_900 {
                return text;
            }
            text.push_str(&line);
        }
        text
    };
    vec![
        (
            "many labels",
            lines("version: 1\nlabels:\n", &|n| format!("  l{n}: v\n")),
            true,
        ),
        (
            "many wrong labels",
            lines("version: 1\nlabels:\n", &|n| format!("  l{n}: x y\n")),
            false,
        ),
        (
            "many unknown keys",
            lines("version: 1\n", &|n| format!("k{n}: v\n")),
            false,
        ),
        (
            "many duplicates",
            lines("version: 1\n", &|_| "a: b\n".to_owned()),
            false,
        ),
        (
            "too many values",
            format!("version: 1\nmodules:\n{}", "- m\n".repeat(20_000)),
            false,
        ),
        (
            "many interfaces",
            lines("version: 1\nnetwork:\n  interfaces:\n", &|n| {
                format!("  - name: e{n}\n")
            }),
            true,
        ),
        (
            "one long line",
            format!("version: 1\nhostname: {}\n", "a".repeat(1_000_000)),
            false,
        ),
        (
            "many taints",
            lines("version: 1\ntaints:\n", &|n| {
                format!("- t{n}=v:NoSchedule\n")
            }),
            true,
        ),
    ]
}
