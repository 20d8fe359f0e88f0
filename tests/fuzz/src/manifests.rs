//! Kubernetes manifests of the user.

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const TARGET: Target = Target {
    name: "manifest",
    run: |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        match runtime::keeper::parse("app.yaml", text) {
            Ok(_) => {}
            Err(problem) => assert!(problem.to_string().starts_with("app.yaml")),
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "apiVersion: v1",
        "kind: ConfigMap",
        "kind: List",
        "items:",
        "metadata:",
        "name: a",
        "namespace: b",
        "---\n",
        "- ",
        ": ",
        "  ",
        "\n",
        "&a",
        "*a",
        "<<: *a",
        "!!int",
        "{",
        "}",
        "[",
        "]",
        "|",
        ">",
        "'",
        "\"",
        "null",
        "\t",
    ],
};
