//! What the lines on a node's console mean.

/// A line that PID 1 printed, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `holdfast: [SECS] phase NAME done in SECS s`
    Phase {
        /// Seconds since the kernel started.
        at: f64,
        /// The phase.
        name: String,
        /// How long it took, in seconds.
        took: f64,
    },
    /// `holdfast: [SECS] service NAME TEXT`
    Service {
        /// Seconds since the kernel started.
        at: f64,
        /// The service.
        name: String,
        /// What happened to it.
        text: String,
    },
    /// `holdfast: node Ready`, with or without a time.
    Ready {
        /// Seconds since the kernel started.
        at: Option<f64>,
    },
    /// The console page says that the machine is in maintenance mode, or `holdfast: maintenance …`.
    Maintenance(String),
    /// Any other line of PID 1's.
    Said(String),
    /// The kernel gave up.
    Panic(String),
}

impl Event {
    /// What `line` means, or `None` for a line that is not PID 1's and not a panic.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        if let Some(at) = line.find("Kernel panic") {
            return Some(Self::Panic(line[at..].to_owned()));
        }
        if let Some(state) = line.trim_start().strip_prefix("State ")
            && state.trim_start().starts_with("MAINTENANCE")
        {
            return Some(Self::Maintenance(state.trim_start().to_owned()));
        }
        // A kernel message can stand before ours on the same line.
        let (_, said) = line.split_once("holdfast: ")?;
        let (at, text) = split_time(said);
        if text == "node Ready" || text.starts_with("node Ready ") {
            return Some(Self::Ready { at });
        }
        if text.to_ascii_lowercase().starts_with("maintenance") {
            return Some(Self::Maintenance(text.to_owned()));
        }
        Some(
            at.and_then(|at| phase(at, text).or_else(|| service(at, text)))
                .unwrap_or_else(|| Self::Said(text.to_owned())),
        )
    }
}

/// `[12.34] rest` → 12.34 and `rest`.
fn split_time(said: &str) -> (Option<f64>, &str) {
    let split = said.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match split.and_then(|(secs, text)| Some((secs.trim().parse().ok()?, text.trim()))) {
        Some((at, text)) => (Some(at), text),
        None => (None, said.trim()),
    }
}

fn phase(at: f64, text: &str) -> Option<Event> {
    let (name, took) = text.strip_prefix("phase ")?.split_once(" done in ")?;
    let took = took.strip_suffix(" s")?.trim().parse().ok()?;
    Some(Event::Phase {
        at,
        name: name.to_owned(),
        took,
    })
}

fn service(at: f64, text: &str) -> Option<Event> {
    let rest = text.strip_prefix("service ")?;
    let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(Event::Service {
        at,
        name: name.trim_end_matches(':').to_owned(),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let said = |text: &str| Some(Event::Said(text.to_owned()));
        for (line, expected) in [
            (
                "holdfast: [3.21] phase verity root done in 0.40 s",
                Some(Event::Phase {
                    at: 3.21,
                    name: "verity root".to_owned(),
                    took: 0.4,
                }),
            ),
            (
                "holdfast: [ 12.5] service ssh ready after 0.3 s",
                Some(Event::Service {
                    at: 12.5,
                    name: "ssh".to_owned(),
                    text: "ready after 0.3 s".to_owned(),
                }),
            ),
            ("holdfast: node Ready", Some(Event::Ready { at: None })),
            (
                "holdfast: [76.1] node Ready",
                Some(Event::Ready { at: Some(76.1) }),
            ),
            (
                "holdfast: [76.1] node Ready after 76.1 s",
                Some(Event::Ready { at: Some(76.1) }),
            ),
            ("holdfast: node ReadyNot", said("node ReadyNot")),
            (
                "holdfast: [1.0] phase x done in long",
                said("phase x done in long"),
            ),
            (
                "holdfast: [9.1] maintenance mode: config.yaml",
                Some(Event::Maintenance(
                    "maintenance mode: config.yaml".to_owned(),
                )),
            ),
            (
                "[    5.1] Kernel panic - not syncing: x",
                Some(Event::Panic("Kernel panic - not syncing: x".to_owned())),
            ),
            (
                "  State      MAINTENANCE: waiting for a person",
                Some(Event::Maintenance(
                    "MAINTENANCE: waiting for a person".to_owned(),
                )),
            ),
            ("  State      node shed is Ready", None),
            ("[    5.1] usb 1-1: new device", None),
            ("", None),
        ] {
            assert_eq!(Event::parse(line), expected, "{line}");
        }
    }
}
