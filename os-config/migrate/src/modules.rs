//! Kernel modules; those with parameters have no key, and are loaded by a command.

use super::coerce::{at_commas, entries, scalar};
use super::draft::{Draft, text};
use os_config::tree::{Node, Span};

/// `k3os.modules`: what k3OS gave to modprobe.
pub(super) fn modules(draft: &mut Draft, value: &Node) {
    for node in entries(value) {
        match scalar(node) {
            Some(line) if has_parameters(line) => module(draft, line, node.span),
            _ => {
                for name in at_commas(node) {
                    draft.push(&["modules"], name);
                }
            }
        }
    }
}

/// One module as a line of `/etc/modules` has it: its name, and parameters behind it.
pub(super) fn module(draft: &mut Draft, line: &str, span: Span) {
    if !has_parameters(line) {
        return draft.push(&["modules"], text(span, line));
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let command = format!("modprobe {}", words.join(" "));
    let message = format!("`modules` takes no parameters: `{command}` in `boot_commands` loads it");
    draft.changed(span, "modules", message);
    draft.push(&["boot_commands"], text(span, command));
}

fn has_parameters(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.nth(1).is_some_and(|word| word.contains('='))
}
