//! Board files.

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const TARGET: Target = Target {
    name: "board",
    run: |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        let answers = [
            boards::check_board_text(text),
            boards::check_base_text(text),
        ];
        for error in answers.into_iter().filter_map(Result::err) {
            assert!(!error.to_string().is_empty());
        }
    },
    folders: &["board-support/boards"],
    made_seeds: no_made_seeds,
    words: &[
        "title",
        "base",
        "[drivers]",
        "initramfs",
        "root",
        "firmware",
        "watchdogs",
        "[vm]",
        "memory-mib",
        "cpus",
        "=",
        "\"",
        "\"\"\"",
        "[[",
        "]]",
        "{",
        "}",
        "#",
        "\n",
        "\u{feff}",
        "1e999",
        "0x",
        "2026-01-01",
    ],
};
