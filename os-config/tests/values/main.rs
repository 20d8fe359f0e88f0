//! Values that are taken, and what they become; those that are refused are in `bad_input.rs`.

mod access;
mod kubernetes;
mod machine;
mod network;
mod system;
mod text;

use std::fmt::Display;

use os_config::Invalid;

/// Every text of `good` is taken and becomes what stands beside it; every text of `bad` is refused with a remedy.
fn table<T: Display>(parse: fn(&str) -> Result<T, Invalid>, good: &[(&str, &str)], bad: &[&str]) {
    for (text, want) in good {
        let got = parse(text).unwrap_or_else(|invalid| panic!("{text:?}: {invalid}"));
        assert_eq!(got.to_string(), *want, "{text:?}");
    }
    for text in bad {
        let Err(invalid) = parse(text) else {
            panic!("{text:?} was taken");
        };
        assert!(
            !invalid.message.is_empty() && !invalid.help.is_empty(),
            "{text:?}: {invalid:?}"
        );
    }
}

fn same<'a>(texts: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    texts.iter().map(|text| (*text, *text)).collect()
}
