//! A backup, which anybody may have changed on its stick.

use crate::Target;
use backup::age::{Identity, decrypt, encrypt};
use os_config::Recipient;
use std::io::{Read, Write};

/// Of this target alone.
const KEY: &str = "AGE-SECRET-KEY-1DHT5MEF3GDCQJD8V8KT0FKMKS85EDV5HZ2QMRW35VLJT9ZPEJ0CQZWGHDZ";
const RECIPIENT: &str = "age1r6aj8nuekdsaxnmxxh2pzpmf95cawr5vsl2wg8hmqqzxskzrmv3sxjd587";

pub(crate) const TARGET: Target = Target {
    name: "backup",
    run: |input| {
        let identity = Identity::parse(KEY).expect("a key");
        match decrypt(&identity, input) {
            Ok(mut content) => {
                let mut read = Vec::new();
                let whole = content.read_to_end(&mut read).is_ok();
                // What is whole is what was written: nobody without the key makes another.
                assert!(!whole || read == CONTENT, "{read:?}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if let Ok(text) = std::str::from_utf8(input) {
            let _ = Identity::parse(text);
        }
    },
    folders: &[],
    made_seeds: || vec![some_backup(), KEY.into()],
    words: &[
        "age-encryption.org/v1\n",
        "-> X25519 ",
        "-> scrypt ",
        "---",
        "\n",
        "AGE-SECRET-KEY-1",
    ],
};

const CONTENT: &[u8] = b"what makes a node itself";

fn some_backup() -> Vec<u8> {
    let recipient = Recipient::parse(RECIPIENT).expect("a recipient");
    let mut writer = encrypt(&[recipient], Vec::new()).expect("memory takes it");
    writer.write_all(CONTENT).expect("memory takes it");
    writer.finish().expect("memory takes it")
}
