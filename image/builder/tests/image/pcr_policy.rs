//! What keys in a TPM are sealed to: the signatures in the UKI, before `systemd-measure` and `openssl`.

use crate::{judge, locked, text, uki};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the stub finds for one entry of the boot menu.
type Sections = BTreeMap<String, Vec<u8>>;

/// By the specification of UKIs: what comes before the first `.profile` is for all, and gives way to what a profile has itself.
fn profiles(uki: &Path) -> Vec<Sections> {
    let bytes = fs::read(uki).expect("UKI");
    let mut shared = Sections::new();
    let mut profiles = Vec::<Sections>::new();
    for section in formats::uki::sections(&bytes).expect("a UKI") {
        if section.name == ".profile" {
            profiles.push(shared.clone());
        }
        let place = profiles.last_mut().unwrap_or(&mut shared);
        place.insert(section.name, section.data.to_vec());
    }
    profiles
}

/// PCR 11 when the kernel of these sections starts, by systemd's own program.
fn calculated(sections: &Sections, folder: &Path) -> [u8; 32] {
    const KNOWN: [&str; 9] = [
        "linux", "osrel", "cmdline", "initrd", "ucode", "uname", "sbat", "pcrpkey", "profile",
    ];
    let mut measure = locked("usr/lib/systemd/systemd-measure");
    measure.args(["calculate", "--bank=sha256", "--phase="]);
    for name in KNOWN {
        let content = sections.get(&format!(".{name}"));
        let content = content.unwrap_or_else(|| panic!("no section .{name}"));
        let path = folder.join(name);
        fs::write(&path, content).expect("written");
        measure.arg(format!("--{name}={}", path.display()));
    }
    let said = text(&judge(&mut measure));
    let value = said
        .lines()
        .find_map(|line| line.strip_prefix("11:sha256="));
    from_hex(value.unwrap_or_else(|| panic!("{said}")))
}

fn from_hex(text: &str) -> [u8; 32] {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    std::array::from_fn(|index| digit(2 * index))
}

/// The digest of `TPM2_PolicyPCR` with PCR 11 of the SHA-256 bank alone, by part 3 of the TPM 2.0 Library specification.
fn policy(pcr: [u8; 32]) -> [u8; 32] {
    const POLICY_PCR: [u8; 4] = [0, 0, 1, 0x7f];
    // One selection: TPM_ALG_SHA256, three octets of bits.
    const PCR_11: [u8; 10] = [0, 0, 0, 1, 0, 0x0b, 3, 0, 8, 0];
    let parts = [&[0; 32][..], &POLICY_PCR, &PCR_11, &Sha256::digest(pcr)];
    Sha256::digest(parts.concat()).into()
}

/// What `.pcrsig` says of the one value that is signed: the policy's digest, and the signature.
fn signed(sections: &Sections) -> ([u8; 32], String) {
    let text = sections.get(".pcrsig").expect("no .pcrsig in a profile");
    let json: serde_json::Value = serde_json::from_slice(text).expect("JSON");
    let banks = json.as_object().expect("banks");
    let [entry] = &banks["sha256"].as_array().expect("entries")[..] else {
        panic!("{json}: one entry is enough for a profile");
    };
    assert_eq!((banks.len(), &entry["pcrs"]), (1, &serde_json::json!([11])));
    let field = |name: &str| entry[name].as_str().expect("text").to_owned();
    (from_hex(&field("pol")), field("sig"))
}

/// `openssl` finds that the key signed the policy.
fn verified(policy: [u8; 32], signature: &str, key: &[u8], folder: &Path) -> bool {
    let path = |name: &str| folder.join(name);
    for (name, content) in [
        ("policy", &policy[..]),
        ("key", key),
        ("base64", signature.as_bytes()),
    ] {
        fs::write(path(name), content).expect("written");
    }
    let mut decode = Command::new("openssl");
    decode
        .args(["base64", "-d", "-A", "-in"])
        .arg(path("base64"));
    judge(decode.arg("-out").arg(path("signature")));
    let mut verify = Command::new("openssl");
    verify.args(["dgst", "-sha256", "-verify"]).arg(path("key"));
    verify
        .arg("-signature")
        .arg(path("signature"))
        .arg(path("policy"));
    verify.output().expect("openssl").status.success()
}

/// Both entries of the boot menu, each with the words that are its own.
#[test]
fn systemd_measure_finds_what_is_signed() {
    let folder = tempfile::tempdir().expect("temp dir");
    let profiles = profiles(&uki(folder.path()));
    assert_eq!(profiles.len(), 2);
    let mut policies = Vec::new();
    for sections in &profiles {
        let key = sections.get(".pcrpkey");
        let key =
            key.expect("no .pcrpkey: `make image` and tools/build-images build with --pcr-key");
        let (signed, signature) = signed(sections);
        let pcr = calculated(sections, folder.path());
        assert_eq!(policy(pcr), signed);
        assert!(verified(signed, &signature, key, folder.path()));

        // A word more, and it is another policy, which this signature is not of.
        let mut changed = sections.clone();
        let words = changed.get_mut(".cmdline").expect("words");
        words.extend(b" more");
        let other = policy(calculated(&changed, folder.path()));
        assert_ne!(other, signed);
        assert!(!verified(other, &signature, key, folder.path()));
        policies.push(signed);
    }
    assert_ne!(policies[0], policies[1], "both entries have one policy");
}
