//! Texts that may be configurations; `migrate` is tried with the same.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};

/// Text that looks enough like a configuration to get past the first checks.
pub(crate) fn likely_yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("version".to_owned()),
        Just("hostname".to_owned()),
        Just("network".to_owned()),
        Just("interfaces".to_owned()),
        Just("addresses".to_owned()),
        Just("gateway".to_owned()),
        Just("k3os".to_owned()),
        Just("k3s_args".to_owned()),
        Just("write_files".to_owned()),
        Just("content".to_owned()),
        Just("labels".to_owned()),
        Just("taints".to_owned()),
        Just("registries".to_owned()),
        Just("10.0.0.1/24".to_owned()),
        Just("--node-label=a=b".to_owned()),
        Just("&a".to_owned()),
        Just("*a".to_owned()),
        Just("|".to_owned()),
        Just("\"".to_owned()),
        "[a-zA-Z0-9_./:=$-]{0,12}",
        "\\PC{0,6}",
    ];
    let glue = prop_oneof![
        Just(": "),
        Just(":\n  "),
        Just("\n"),
        Just("\n- "),
        Just("\n  - "),
        Just("\n    "),
        Just(" "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("\n\t"),
        Just("\n---\n"),
        Just("#"),
    ];
    prop::collection::vec((word, glue), 0..40).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(word, glue)| [word, glue.to_owned()])
            .collect()
    })
}

/// The whole example with a few bytes changed: deep paths are reached.
pub(crate) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = include_bytes!("../full.yaml").to_vec();
    let length = whole.len();
    prop::collection::vec((0..length, any::<u8>(), any::<bool>()), 1..6).prop_map(move |hits| {
        let mut text = whole.clone();
        for (at, byte, remove) in hits {
            let at = at.min(text.len() - 1);
            if remove {
                text.remove(at);
            } else {
                text[at] = byte;
            }
        }
        text
    })
}
