//! A boot as it goes by on the terminal.

use std::time::Duration;

use machine::{Event, Line};

/// The line for `event`, or `None` for what a person waiting need not read.
pub(super) fn line(line: &Line, event: &Event) -> Option<String> {
    // What is wrong stands in the kernel's log as well, and both are on the console.
    if matches!(event, Event::Said(_)) && line.text.starts_with('[') {
        return None;
    }
    let said = match event {
        Event::Phase { at, name, took } => format!("{} phase {name} ({took:.1} s)", node_time(*at)),
        Event::Service { at, name, text } => format!("{} service {name} {text}", node_time(*at)),
        Event::Ready { at: Some(at) } => format!("{} node Ready", node_time(*at)),
        Event::Ready { at: None } => "node Ready".to_owned(),
        Event::Maintenance(text) | Event::Panic(text) | Event::Said(text) => text.clone(),
    };
    Some(format!("{} {}", host_time(line.at), said.trim()))
}

/// Time since this command began, right-aligned so that a boot reads as a table.
pub(super) fn host_time(time: Duration) -> String {
    format!("{:7.1} s ", time.as_secs_f64())
}

fn node_time(secs: f64) -> String {
    format!("[{secs:6.1}]")
}
