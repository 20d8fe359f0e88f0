//! Files of a release repository.

use crate::Target;
use jiff::Timestamp;
use release::{
    BlockIndex, Delta, DeltaHeader, Digest, Manifest, RawFile, RawManifest, Releases, RescueOrder,
    Trust,
};
use std::io::{Cursor, Read};

pub(crate) const LIST: Target = Target {
    name: "release-list",
    run: |input| match Releases::parse(input) {
        Ok(releases) => {
            let again = Releases::parse(&releases.encode()).expect("what is written is read");
            assert_eq!(again, releases);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    },
    folders: &[],
    made_seeds: || vec![SOME_RELEASES.as_bytes().to_vec()],
    words: &[
        "\"format\": 1",
        "\"releases\"",
        "\"version\"",
        "0.2.0",
        "0.2.0-rc.1",
        "\"archs\"",
        "amd64",
        "\"kubernetes\"",
        "\"min_version\"",
        "\"severity\"",
        "security",
        "\"channels\"",
        "\"rollout\"",
        "101",
        "\"not_before\"",
        "2026-10-01T00:00:00Z",
        "-009999-01-01T00:00:00Z",
        "\\u001b",
        "null",
        "1e999",
    ],
};

pub(crate) const MANIFEST: Target = Target {
    name: "release-manifest",
    run: |input| match Manifest::parse(input) {
        Ok(manifest) => {
            let again = Manifest::parse(&manifest.raw().encode()).expect("what is written is read");
            assert_eq!(again, manifest);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    },
    folders: &[],
    made_seeds: || vec![some_manifest().encode()],
    words: &[
        "\"format\"",
        "\"data_size\"",
        "4096",
        "18446744073709551615",
        "\"root_hash\"",
        "\"build_time\"",
        "\"files\"",
        "root.img",
        "uki.efi",
        "root.blocks",
        "\"sha256\"",
        "-1",
        "{}",
        "[]",
    ],
};

pub(crate) const BLOCKS: Target = Target {
    name: "release-blocks",
    run: |input| match BlockIndex::parse(input) {
        Ok(index) => {
            assert_eq!(index.encode(), input);
            let last = index
                .range(index.digests().len() - 1)
                .expect("there is a last block");
            assert_eq!(last.end, index.length());
            assert!(index.range(usize::MAX >> 20).is_none());
            assert!(!index.is_block(index.digests().len(), input));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    },
    folders: &[],
    made_seeds: || {
        let images = [1, 65_536, 65_537, 300_000].map(|length| vec![7; length]);
        let indices =
            images.map(|image| BlockIndex::of(&mut &image[..]).expect("an index").encode());
        indices.into()
    },
    words: &[
        "HFBLOCKS",
        "\x01\0\0\0",
        "\0\0\x01\0",
        "\x01\0\0\0\0\0\0\0",
        "\0\0\0\0\x01\0\0\0",
    ],
};

const SOME_RELEASES: &str = r#"{"format": 1, "releases": [
    {"version": "0.1.0", "archs": ["amd64"], "kubernetes": "1.36.3", "downgrade": true},
    {"version": "0.2.0", "archs": ["amd64", "arm64"], "kubernetes": "1.37.2", "min_version": "0.1.0", "severity": "security",
     "changelog": "Closes holes.", "channels": {"stable": {"rollout": 25, "not_before": "2026-10-01T00:00:00Z"}}}]}"#;

fn some_manifest() -> RawManifest {
    let file = |size| RawFile {
        size,
        sha256: "a".repeat(64),
    };
    let files = [("uki.efi", 1), ("root.img", 16_384), ("root.blocks", 56)];
    RawManifest {
        format: RawManifest::FORMAT,
        version: "0.2.0".into(),
        arch: "amd64".into(),
        root_hash: "b".repeat(64),
        data_size: 8192,
        kubernetes: "1.36.3".into(),
        build_time: 1_700_000_000,
        min_version: Some("0.1.0".into()),
        files: files.map(|(name, size)| (name.into(), file(size))).into(),
    }
}

/// What `seeds/rescue-order/order.json` orders to be run, and how it is called. Its keys were thrown away.
const RESCUE_SCRIPT: &[u8] = b"#!/bin/sh\nhostname\n";
const RESCUE_ID: &str = "a926f57b27c19b9a25285f15bedbe024";

/// The order counts for what is signed, and only whole: whatever is changed in it is refused.
pub(crate) const RESCUE: Target = Target {
    name: "rescue-order",
    run: |input| {
        let trust = Trust::fleeting(include_bytes!("../seeds/rescue-order/root.json"));
        match RescueOrder::read(input, RESCUE_SCRIPT, &trust, Timestamp::MIN) {
            Ok(order) => assert_eq!(order.id, RESCUE_ID),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    },
    folders: &[],
    made_seeds: Vec::new,
    words: &[
        "\"_type\"",
        "holdfast-rescue",
        "\"signatures\"",
        "\"keyid\"",
        "\"expires\"",
        "-009999-01-01T00:00:00Z",
        "\"within_s\"",
        "18446744073709551615",
        "[]",
        "null",
    ],
};

/// What a delta begins with here.
const OLD: &[u8] = b"a root image that runs, and then some more of it";

/// A delta is signed; all the same, whatever comes instead is refused in words, or gives at most what was asked for.
pub(crate) const DELTA: Target = Target {
    name: "release-delta",
    run: |input| {
        let wanted = DeltaHeader {
            from: Digest([1; 32]),
            to: Digest([2; 32]),
            length: 64,
        };
        match Delta::open(input, Cursor::new(OLD), &wanted) {
            Ok(made) => {
                let mut image = Vec::new();
                // An error in the middle is as good as an end.
                let _ = made.take(wanted.length).read_to_end(&mut image);
                assert!(image.len() as u64 <= wanted.length);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    },
    folders: &[],
    made_seeds: || vec![some_delta()],
    words: &["HFDELTA\0", "\u{1}\0\0\0"],
};

/// As a publisher writes it: 40 bytes of the old image as they are, 8 new ones.
fn some_delta() -> Vec<u8> {
    let header = DeltaHeader {
        from: Digest([1; 32]),
        to: Digest([2; 32]),
        length: 64,
    };
    let mut delta = header.encode();
    delta.extend(include_bytes!("../seeds/release-delta/patch.zst"));
    delta
}
