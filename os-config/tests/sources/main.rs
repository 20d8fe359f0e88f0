//! Several sources: which wins, what is said about it, what differs, what is shown.

mod command_line;
mod diff;
mod explain;
mod merge;
mod secrets;
mod single_values;
mod written;

use os_config::{Loaded, Source, SourceName, Sources, load};

fn loaded(sources: Vec<(SourceName, &str, &str)>) -> Loaded {
    let mut all = Sources::new();
    for (name, origin, text) in sources {
        all.add(Source::new(name, origin, text));
    }
    load(&all).unwrap_or_else(|report| panic!("{report}"))
}

fn one(text: &str) -> Loaded {
    load(&Sources::one("config.yaml", text)).unwrap_or_else(|report| panic!("{report}"))
}

const CARD: &str = "version: 1\nhostname: card\nntp_servers: [a.example, b.example]\nlabels: {zone: north, site: one}\n";

const FULL: &str = include_str!("../full.yaml");
