//! UKIs that are signed here and now by the program that signs images, before firmware that trusts one or another.

use super::lists::tests::{certificate, program, signed_part};
use super::{Doubt, Program, SignatureLists, Verdict, judge, refuse};
use crate::node::tests::Stage;
use sha2::{Digest, Sha256};
use slots::EntryName;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

/// A small EFI program.
const STUB: &[u8] = include_bytes!("../../../../tests/fuzz/seeds/uki/stub");

/// Where keys are made and programs signed.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, line: &str) {
        let mut words = line.split(' ');
        let program = words.next().expect("a program");
        let ran = Command::new(program)
            .current_dir(self.0.path())
            .args(words)
            .output();
        let ran = ran.unwrap_or_else(|error| panic!("{program}, from tools/setup: {error}"));
        assert!(ran.status.success(), "{line}: {ran:?}");
    }

    /// A key with a certificate that vouches for itself.
    fn own(&self, name: &str) {
        self.run(&format!(
            "openssl req -new -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name}/ -keyout {name}.key -out {name}.crt"
        ));
    }

    /// One with a certificate of somebody else's; `extension` is what that may do.
    fn issued(&self, name: &str, by: &str, extension: &str) {
        fs::write(self.path("extension"), extension).expect("written");
        self.run(&format!(
            "openssl req -new -newkey rsa:2048 -nodes -subj /CN={name}/ -keyout {name}.key -out {name}.csr"
        ));
        self.run(&format!(
            "openssl x509 -req -in {name}.csr -CA {by}.crt -CAkey {by}.key -CAcreateserial -days 2 -extfile extension -out {name}.crt"
        ));
    }

    fn der(&self, name: &str) -> Vec<u8> {
        self.run(&format!(
            "openssl x509 -in {name}.crt -outform der -out {name}.der"
        ));
        fs::read(self.path(&format!("{name}.der"))).expect("read")
    }

    /// The program, signed by this one as well; `more` are further options.
    fn sign(&self, bytes: &[u8], by: &str, more: &str) -> Vec<u8> {
        fs::write(self.path("program"), bytes).expect("written");
        self.run(&format!(
            "sbsign --key {by}.key --cert {by}.crt{more} --output signed program"
        ));
        fs::read(self.path("signed")).expect("read")
    }
}

fn read(bytes: &[u8]) -> Program {
    Program::read(&mut Cursor::new(bytes)).expect("a program")
}

fn signed_part_of(der: &[u8]) -> Vec<u8> {
    let (_, certificate) = X509Certificate::from_der(der).expect("a certificate");
    signed_part(&Sha256::digest(certificate.tbs_certificate.as_ref()))
}

fn stranger(signer: &str, issuer: &str) -> Verdict {
    Verdict::Unknown(Doubt::Stranger {
        signer: signer.into(),
        issuer: issuer.into(),
    })
}

fn broken(why: &str) -> Verdict {
    Verdict::Unknown(Doubt::Broken(why.into()))
}

#[test]
fn a_program_is_judged_as_firmware_does() {
    let desk = Desk::new();
    for name in ["mine", "other", "root"] {
        desk.own(name);
    }
    desk.issued("middle", "root", "basicConstraints=CA:TRUE");
    desk.issued("end", "middle", "basicConstraints=CA:FALSE");
    desk.issued("beyond", "end", "basicConstraints=CA:FALSE");
    let [mine, other, root, middle, end] =
        ["mine", "other", "root", "middle", "end"].map(|name| desk.der(name));
    let by_mine = desk.sign(STUB, "mine", "");
    let by_other = desk.sign(STUB, "other", "");
    let by_both = desk.sign(&by_other, "mine", "");
    let by_end = desk.sign(STUB, "end", " --addcert middle.crt");
    let by_end_alone = desk.sign(STUB, "end", "");
    let by_beyond = desk.sign(STUB, "beyond", " --addcert end.crt");
    let mut changed = by_mine.clone();
    changed[STUB.len() - 1] ^= 1;
    let mut forged = by_mine.clone();
    // In the number that the key made of it: behind it are at most seven bytes of nothing.
    let inside = forged.len() - 16;
    forged[inside] ^= 1;
    let digest = read(STUB).digest;
    assert_eq!(read(&by_both).digest, digest, "signatures are not hashed");
    assert_eq!(read(&by_both).signatures.len(), 2);

    let (mine, other, root, middle, end) = (
        &certificate(&mine),
        &certificate(&other),
        &certificate(&root),
        &(certificate(&middle), signed_part_of(&middle)),
        &(certificate(&end), signed_part_of(&end)),
    );
    let digest = &program(&digest);
    let none = &Vec::new();
    let revoked = |what: &str| Verdict::Revoked(what.into());
    let starts = || Verdict::Starts;
    for (case, bytes, db, dbx, expected) in [
        ("trusted", &by_mine[..], mine, none, starts()),
        (
            "nobody is trusted",
            &by_mine,
            none,
            none,
            stranger("CN=mine", "CN=mine"),
        ),
        (
            "another is trusted",
            &by_mine,
            other,
            none,
            stranger("CN=mine", "CN=mine"),
        ),
        (
            "nobody signed",
            STUB,
            mine,
            none,
            Verdict::Unknown(Doubt::Unsigned),
        ),
        (
            "nobody signed, and it is known",
            STUB,
            digest,
            none,
            starts(),
        ),
        ("one of two is trusted", &by_both, mine, none, starts()),
        (
            "one of two is revoked",
            &by_both,
            mine,
            other,
            revoked("the certificate of CN=other"),
        ),
        (
            "the signer is trusted, not who is above",
            &by_end,
            &end.0,
            none,
            starts(),
        ),
        (
            "who is above is trusted",
            &by_end_alone,
            &middle.0,
            none,
            starts(),
        ),
        (
            "who is above that is trusted",
            &by_end,
            root,
            none,
            starts(),
        ),
        (
            "a step to that is missing",
            &by_end_alone,
            root,
            none,
            stranger("CN=end", "CN=middle"),
        ),
        (
            "one who may not vouch",
            &by_beyond,
            &end.0,
            none,
            stranger("CN=beyond", "CN=end"),
        ),
        (
            "revoked",
            &by_mine,
            mine,
            mine,
            revoked("the certificate of CN=mine"),
        ),
        (
            "revoked, and known by its digest",
            &by_mine,
            digest,
            mine,
            revoked("the certificate of CN=mine"),
        ),
        (
            "revoked by its digest",
            &by_mine,
            mine,
            digest,
            revoked("its UKI"),
        ),
        (
            "who is above is revoked",
            &by_end,
            &end.0,
            root,
            revoked("the certificate of CN=middle"),
        ),
        (
            "the digest of the signer's certificate is revoked",
            &by_end,
            root,
            &end.1,
            revoked("the certificate of CN=end"),
        ),
        (
            "that of who is above is revoked",
            &by_end,
            root,
            &middle.1,
            revoked("the certificate of CN=middle"),
        ),
        (
            "changed after it was signed",
            &changed,
            mine,
            none,
            broken("it is of another program, or this one was changed"),
        ),
        (
            "a signature that was changed",
            &forged,
            mine,
            none,
            broken("it is not of the key that its certificate names"),
        ),
    ] {
        let [db, dbx] = [db, dbx].map(|bytes| SignatureLists::parse(bytes));
        assert_eq!(judge(&read(bytes), &db, &dbx), expected, "{case}");
    }
}

#[test]
fn a_list_of_another_maker_is_read() {
    let desk = Desk::new();
    desk.own("mine");
    let der = desk.der("mine");
    desk.run(
        "sbsiglist --owner 3f6a2c1e-5d0b-4c8e-9a47-7b1e0c2d9f55 --type x509 --output list mine.der",
    );
    let list = fs::read(desk.path("list")).expect("read");
    let lists = SignatureLists::parse(&list);
    assert_eq!(lists.certificates, [der]);
}

#[test]
fn what_is_no_program_is_told() {
    for (case, length, at, to, says) in [
        ("nothing", 0, 0, 0, "its first header is cut off"),
        ("a text", STUB.len(), 0, b'm', "it does not begin with MZ"),
        ("cut off", 200, 0, b'M', "its headers are cut off"),
        (
            "for 32 bits",
            STUB.len(),
            128 + 24,
            0x0c,
            "its headers are of another kind",
        ),
        (
            "headers without end",
            STUB.len(),
            128 + 24 + 62,
            0xff,
            "its headers are too long",
        ),
        (
            "signatures outside",
            STUB.len(),
            128 + 24 + 148,
            8,
            "its signatures lie outside of it",
        ),
    ] {
        let mut bytes = STUB[..length].to_vec();
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to;
        }
        // They begin somewhere, if they have a size.
        if case == "signatures outside" {
            bytes[128 + 24 + 146] = 0xff;
        }
        let error = Program::read(&mut Cursor::new(bytes)).expect_err(case);
        assert_eq!(
            error.to_string(),
            format!("it is no 64-bit EFI program: {says}"),
            "{case}"
        );
    }
}

/// Writes a variable of the firmware.
fn variable(stage: &Stage, name: &str, value: &[u8]) {
    let folder = stage.node.path(super::VARIABLES);
    fs::create_dir_all(&folder).expect("folder");
    fs::write(folder.join(name), [&[6, 0, 0, 0], value].concat()).expect("written");
}

/// What is said about a UKI.
fn said(stage: &Stage, uki: &Path) -> Result<(), String> {
    let refused = refuse(&stage.node, &stage.boot, "2.0.0", uki);
    refused.map_err(|error| format!("{error:#}"))
}

#[test]
fn a_release_that_the_firmware_would_not_start_is_refused_with_the_reason() {
    let desk = Desk::new();
    for name in ["mine", "other"] {
        desk.own(name);
    }
    let [mine, other] = ["mine", "other"].map(|name| {
        let path = desk.path(&format!("{name}.efi"));
        fs::write(&path, desk.sign(STUB, name, "")).expect("written");
        path
    });
    let stage = Stage::new("1.0.0", &["holdfast_1.0.0.efi"]);
    let entry: EntryName = stage.node.running.entry.parse().expect("a name");
    let running = stage.boot.program_of(&entry).expect("read").expect("there");
    assert_eq!(
        said(&stage, Path::new("no file")),
        Ok(()),
        "no such firmware"
    );
    variable(&stage, super::SECURE_BOOT, &[0]);
    assert_eq!(said(&stage, &other), Ok(()), "it is off");
    assert!(!super::is_on(&stage.node).expect("read"));
    variable(&stage, super::SECURE_BOOT, &[1]);
    assert!(super::is_on(&stage.node).expect("read"));
    variable(&stage, super::TRUSTED, &certificate(&desk.der("mine")));
    fs::copy(&mine, &running).expect("written");
    assert_eq!(said(&stage, &mine), Ok(()));
    let unknown = said(&stage, &other).expect_err("unknown");
    assert!(
        unknown.starts_with("this machine's firmware would not start release 2.0.0: Secure Boot is on, and it does not trust the UKI: it is signed by CN=other. "),
        "{unknown}"
    );
    variable(&stage, super::REVOKED, &certificate(&desk.der("mine")));
    let revoked = said(&stage, &mine).expect_err("revoked");
    assert!(
        revoked.contains("the certificate of CN=mine is revoked there (dbx)"),
        "{revoked}"
    );
    // What it runs it does not know either: it goes by something that is not seen here.
    variable(&stage, super::REVOKED, &[]);
    variable(&stage, super::TRUSTED, &[]);
    assert_eq!(said(&stage, &other), Ok(()));
    variable(&stage, super::REVOKED, &certificate(&desk.der("other")));
    let revoked = said(&stage, &other).expect_err("revoked all the same");
    assert!(revoked.contains("the certificate of CN=other"), "{revoked}");
}
