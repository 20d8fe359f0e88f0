//! Secure Boot: the built loader and UKI, signed by the builder's own code, before `sbverify`.

use crate::key_pair::key_pair;
use crate::{boot_file, judge, uki};
use builder::SecureBoot;
use std::path::Path;
use std::process::Command;

fn pair(folder: &Path, name: &str) -> SecureBoot {
    let (key, certificate) = key_pair(folder, name);
    SecureBoot { key, certificate }
}

fn sbverify(certificate: &Path, program: &Path) -> Command {
    let mut judge = Command::new("/usr/bin/sbverify");
    judge.arg("--cert").arg(certificate).arg(program);
    judge
}

#[test]
fn sbverify_takes_signed_boot_files_with_their_certificate_only() {
    let folder = tempfile::tempdir().expect("temp dir");
    let (mine, other) = (pair(folder.path(), "mine"), pair(folder.path(), "other"));
    mine.check().expect("a good pair");
    let loader = boot_file(folder.path(), "EFI/BOOT/BOOT", ".EFI");
    for program in [loader, uki(folder.path())] {
        let signed = folder.path().join("signed.efi");
        let bytes = std::fs::read(&program).expect("boot file");
        std::fs::write(&signed, mine.sign(&bytes).expect("signed")).expect("written");
        judge(&mut sbverify(&mine.certificate, &signed));
        for (certificate, program) in [(&other, &signed), (&mine, &program)] {
            let said = sbverify(&certificate.certificate, program).output();
            let said = said.expect("sbverify");
            assert!(!said.status.success(), "{}: {said:?}", program.display());
        }
    }
}
