//! The lock of Debian packages.

use std::path::Path;

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const TARGET: Target = Target {
    name: "lock",
    run: |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        if let Ok(lock) = builder::Lock::parse(text, Path::new("amd64.lock")) {
            let rendered = lock.render().expect("what was parsed can be written");
            let again = builder::Lock::parse(&rendered, Path::new("amd64.lock"))
                .expect("what was written can be parsed");
            assert_eq!(again.render().expect("as before"), rendered);
        }
    },
    folders: &["buildroot/lock"],
    made_seeds: no_made_seeds,
    words: &[
        "[[package]]",
        "name",
        "version",
        "sha256",
        "path",
        "size",
        "=",
        "\"",
        "../",
        "/",
        "\n",
        "0",
    ],
};
