//! Samples and what becomes of them: `NAME.yaml` is the input, `NAME.out.yaml` the result, `NAME.notes` what is said about it.

use std::path::{Path, PathBuf};

use migrate::Migration;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};

/// The inputs in a folder of this crate, of which there are at least so many.
pub(crate) fn samples(folder: &str, least: usize) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut samples: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(".yaml"))
        .filter(|path| !path.to_string_lossy().ends_with(".out.yaml"))
        .collect();
    samples.sort();
    assert!(samples.len() >= least, "only {} samples", samples.len());
    samples
}

/// Compares with the file, or writes it when `HOLDFAST_BLESS` says so.
pub(crate) fn compare(path: &Path, got: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("HOLDFAST_BLESS").is_some() {
        std::fs::write(path, got).expect("the result can be written");
    }
    let want = std::fs::read_to_string(path).unwrap_or_default();
    if got != want {
        wrong.push(format!(
            "{}\n--- want\n{want}--- got\n{got}",
            path.display()
        ));
    }
}

/// What is said of a migration.
pub(crate) fn notes(done: &Migration) -> String {
    done.notes
        .iter()
        .map(|note| format!("{}{note}\n", if note.carried { "  " } else { "! " }))
        .chain(done.remarks.iter().map(|remark| format!("? {remark}\n")))
        .collect()
}

/// A sample with pieces of YAML put over it here and there.
pub(crate) fn damaged(folder: &str) -> impl Strategy<Value = String> {
    let texts: Vec<String> = samples(folder, 1)
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("the sample can be read"))
        .collect();
    let piece = prop_oneof![
        Just("{a: b}"),
        Just("[x]"),
        Just("&a "),
        Just("*a"),
        Just("<<: "),
        Just("!!binary "),
        Just("null"),
        Just("\n"),
        Just(" "),
        Just("---\n"),
        Just("- "),
        Just(": "),
        Just(""),
        Just("="),
        Just("\""),
    ];
    let hits = prop::collection::vec((any::<prop::sample::Index>(), piece, 0..6usize), 1..5);
    (prop::sample::select(texts), hits).prop_map(|(mut text, hits)| {
        for (at, piece, length) in hits {
            let at = at.index(text.len());
            if text.is_char_boundary(at) {
                let end = (at + length).min(text.len());
                let end = (end..=text.len()).find(|end| text.is_char_boundary(*end));
                text.replace_range(at..end.unwrap_or(at), piece);
            }
        }
        text
    })
}
