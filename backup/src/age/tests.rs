//! Judged by the program `age`, both ways.

use super::{Identity, decrypt, encrypt};
use os_config::Recipient;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} (tools/setup installs it): {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A key of `age-keygen`: the file's text, and the recipient.
fn key() -> (String, Recipient) {
    let text = String::from_utf8(run("age-keygen", &[])).expect("text");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let recipient = Recipient::parse(line.expect("a public key")).expect("a recipient");
    (text, recipient)
}

fn encrypted(recipients: &[Recipient], content: &[u8]) -> Vec<u8> {
    let mut writer = encrypt(recipients, Vec::new()).expect("begun");
    // In pieces that fit no chunk.
    for piece in content.chunks(7001) {
        writer.write_all(piece).expect("written");
    }
    writer.finish().expect("ended")
}

fn decrypted(key: &str, file: &[u8]) -> Result<Vec<u8>, String> {
    let identity = Identity::parse(key).map_err(|error| error.to_string())?;
    let mut reader = decrypt(&identity, file).map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    let read = reader.read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    Ok(content)
}

fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at % 251).expect("small"))
        .collect()
}

#[test]
fn age_reads_what_we_write_and_we_read_what_it_writes() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ((key, recipient), (other, second)) = (key(), self::key());
    fs::write(at("key"), &key).expect("written");
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000] {
        let content = content(length);
        let ours = encrypted(&[second.clone(), recipient.clone()], &content);
        fs::write(at("ours"), &ours).expect("written");
        let read = run("age", &["--decrypt", "--identity", &at("key"), &at("ours")]);
        assert!(read == content, "{length}: age reads something else");
        assert!(
            decrypted(&other, &ours).expect("for both") == content,
            "{length}"
        );

        fs::write(at("plain"), &content).expect("written");
        run(
            "age",
            &[
                "--recipient",
                recipient.as_str(),
                "--output",
                &at("theirs"),
                &at("plain"),
            ],
        );
        let theirs = fs::read(Path::new(&at("theirs"))).expect("there");
        assert!(
            decrypted(&key, &theirs).expect("opened") == content,
            "{length}"
        );
        fs::remove_file(at("theirs")).expect("removed");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let ((key, recipient), (other, _)) = (key(), self::key());
    let content = content(200_000);
    let file = encrypted(&[recipient], &content);
    let header = file
        .windows(4)
        .position(|it| it == b"\n---")
        .expect("a header");
    let says = |key: &str, file: &[u8], expected: &str| {
        let said = decrypted(key, file).expect_err(expected);
        assert!(said.contains(expected), "{said}");
    };
    says(&other, &file, "was not encrypted to this key");
    says("# nothing\n", &file, "holds no key of age");
    says(
        &key,
        b"PK\x03\x04 something else\n",
        "no backup of Holdfast",
    );
    says(&key, b"", "cut off");
    // Wherever it is cut off, between two chunks as well.
    let first = header + 4 + 45 + 16;
    for length in [
        9,
        header,
        header + 20,
        first,
        first + 65_552,
        first + 65_600,
        file.len() - 1,
    ] {
        says(&key, &file[..length], "cut off");
    }
    for at in [
        30,
        header - 3,
        header + 10,
        first + 8,
        first + 70_000,
        file.len() - 1,
    ] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(decrypted(&key, &changed).is_err(), "changed at {at}");
    }
}

/// Wherever a header is changed, it is not taken for another program's file, and wherever the file is cut off, that is said.
#[test]
fn a_header_that_was_changed_or_cut_off_is_still_ours() {
    let (key, recipient) = key();
    let file = encrypted(&[recipient], b"content");
    let content = file.len() - b"content".len() - 16 - 16;
    for length in 0..file.len() {
        let said = decrypted(&key, &file[..length]).expect_err("cut off");
        assert!(said.contains("cut off"), "at {length}: {said}");
    }
    let begins = "age-encryption.org/v1\n".len();
    for at in begins..content {
        // Another letter, and a byte that is no text.
        for changed in [1, 0x80] {
            let mut file = file.clone();
            file[at] ^= changed;
            let said = decrypted(&key, &file).expect_err("changed");
            assert!(!said.contains("no backup of Holdfast"), "at {at}: {said}");
        }
    }
}
