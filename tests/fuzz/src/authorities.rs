//! The cluster's authorities as they lie on the state partition, in PEM.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use runtime::pki::Authorities;

use crate::Target;

/// Which file the input stands for; the first byte of an input chooses.
const FILES: [&str; 5] = [
    "ca.key",
    "ca.crt",
    "front-proxy-ca.key",
    "front-proxy-ca.crt",
    "service-account.key",
];

pub(crate) const TARGET: Target = Target {
    name: "authorities",
    run: |input| {
        let Some((choice, content)) = input.split_first() else {
            return;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let changed = usize::from(*choice) % FILES.len();
        for (number, (name, good)) in FILES.iter().zip(good_files()).enumerate() {
            let content = if number == changed { content } else { good };
            fs::write(folder.path().join(name), content).expect("written");
        }
        match ensure(folder.path()) {
            Ok(read) => assert!(read.cluster_pem().contains("BEGIN CERTIFICATE")),
            // Which file, and what to do; never made anew over the old ones.
            Err(text) => {
                assert!(text.contains(FILES[changed]), "{text}");
                assert!(text.contains("restore it from a backup"), "{text}");
            }
        }
        let kept = fs::read(folder.path().join(FILES[changed])).expect("still there");
        assert_eq!(kept, content);
    },
    folders: &[],
    made_seeds: || {
        let files = (0..).zip(good_files());
        files
            .map(|(number, content): (u8, _)| [&[number], content.as_slice()].concat())
            .collect()
    },
    words: &[
        "-----BEGIN CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "MII",
        "====",
        "\n",
        "\r\n",
        "\0",
    ],
};

fn ensure(folder: &Path) -> Result<Authorities, String> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    Authorities::ensure(folder, now).map_err(|error| error.to_string())
}

fn good_files() -> &'static [Vec<u8>; 5] {
    static GOOD: OnceLock<[Vec<u8>; 5]> = OnceLock::new();
    GOOD.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pki = folder.path().join("pki");
        ensure(&pki).unwrap_or_else(|error| panic!("{error}"));
        FILES.map(|name| fs::read(pki.join(name)).expect("made"))
    })
}
