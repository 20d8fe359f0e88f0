//! Certificates, judged by openssl.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

use runtime::pki::{
    Authorities, CertificateSource, Issued, Leaf, PkiError, Signer, Trust, Usage,
    ensure_encryption, leaves, node_leaves,
};
use runtime::plan::{NodeFacts, leaf_files};
use runtime::{Paths, Settings};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn at(year: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_557_600)
}

fn openssl(args: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(args)
        .output()
        .expect("openssl is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

fn settings() -> Settings {
    let mut settings = Settings::named("edge-1", "0.1.0");
    let names = ["edge.example", "203.0.113.9", "localhost"];
    settings.tls_sans = names.map(|name| name.parse().expect("a name")).into();
    settings
}

fn all() -> Vec<Leaf> {
    leaves(&settings(), "192.168.1.5".parse().expect("address"))
}

#[test]
fn every_leaf_verifies_for_its_use_at_any_clock() {
    let folder = tempfile::tempdir().expect("temp folder");
    let pki = folder.path().join("pki");
    let authorities = Authorities::ensure(&pki, at(2026)).expect("made");
    let file = folder.path().join("leaf.pem");
    for leaf in all() {
        let issued = authorities.issue(&leaf, at(2026)).expect(leaf.name);
        fs::write(&file, issued.combined()).expect("write");
        let (right, wrong) = match leaf.signer {
            Signer::Cluster => ("ca.crt", "front-proxy-ca.crt"),
            Signer::FrontProxy => ("front-proxy-ca.crt", "ca.crt"),
        };
        let (purpose, not) = match leaf.usage {
            Usage::Client => ("sslclient", "sslserver"),
            Usage::Server => ("sslserver", "sslclient"),
        };
        let verify = |authority: &str, purpose: &str, year: u64| {
            let authority = pki.join(authority);
            let seconds = at(year)
                .duration_since(UNIX_EPOCH)
                .expect("after 1970")
                .as_secs()
                .to_string();
            let (authority, file) = (authority.to_string_lossy(), file.to_string_lossy());
            openssl(&[
                "verify",
                "-x509_strict",
                "-attime",
                &seconds,
                "-purpose",
                purpose,
                "-CAfile",
                &authority,
                &file,
            ])
        };
        for (case, result, good) in [
            ("now", verify(right, purpose, 2026), true),
            (
                "a clock set back by years",
                verify(right, purpose, 2021),
                true,
            ),
            ("after its year", verify(right, purpose, 2028), false),
            ("another use", verify(right, not, 2026), false),
            ("another authority", verify(wrong, purpose, 2026), false),
        ] {
            assert_eq!(result.0, good, "{}, {case}: {}", leaf.name, result.1);
        }
        let key = openssl(&["pkey", "-in", &file.to_string_lossy(), "-noout", "-check"]);
        assert!(key.0, "{}: {}", leaf.name, key.1);
    }
}

#[test]
fn names_and_subjects() {
    let folder = tempfile::tempdir().expect("temp folder");
    let authorities = Authorities::ensure(&folder.path().join("pki"), at(2026)).expect("made");
    let mut shown = String::new();
    for leaf in all() {
        let issued = authorities.issue(&leaf, at(2026)).expect(leaf.name);
        let file = folder.path().join("leaf.pem");
        fs::write(&file, &issued.certificate).expect("write");
        let options = [
            "-noout",
            "-subject",
            "-dates",
            "-ext",
            "subjectAltName,extendedKeyUsage,keyUsage",
        ];
        let (good, text) = openssl(
            &[
                &["x509", "-in", &file.to_string_lossy()],
                options.as_slice(),
            ]
            .concat(),
        );
        assert!(good, "{text}");
        shown.push_str(&format!("=== {}\n{text}", leaf.name));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn authorities_are_made_once_and_last() {
    let folder = tempfile::tempdir().expect("temp folder");
    let pki = folder.path().join("pki");
    let first = Authorities::ensure(&pki, at(2026)).expect("made");
    let again = Authorities::ensure(&pki, at(2099)).expect("read");
    assert_eq!(first.cluster_pem(), again.cluster_pem());
    let (_, text) = openssl(&[
        "x509",
        "-in",
        &pki.join("ca.crt").to_string_lossy(),
        "-noout",
        "-dates",
        "-ext",
        "basicConstraints",
    ]);
    for part in [
        "notBefore=Jan  1 00:00:00 2020",
        "notAfter=Jan  1 00:00:00 2120",
        "CA:TRUE",
    ] {
        assert!(text.contains(part), "{text}");
    }
    for entry in fs::read_dir(&pki).expect("list") {
        let mode = entry
            .expect("entry")
            .metadata()
            .expect("metadata")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// A power cut between any two steps of the first boot: the next boot completes it.
#[test]
fn an_interrupted_first_boot_is_completed() {
    for (case, files) in [
        ("nothing yet", &[][..]),
        ("an empty folder", &[".pki.new/"][..]),
        (
            "half of the files",
            &[".pki.new/ca.crt", ".pki.new/.ca.key.new"][..],
        ),
        ("an unrenamed encryption key", &[".encryption.yaml.new"][..]),
    ] {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        fs::create_dir_all(paths.cluster()).expect("folder");
        for file in files {
            let path = paths.cluster().join(file);
            fs::create_dir_all(if file.ends_with('/') {
                path.as_path()
            } else {
                path.parent().unwrap_or(Path::new("/"))
            })
            .expect("folder");
            if !file.ends_with('/') {
                fs::write(path, "torn").expect("write");
            }
        }
        ensure_encryption(&paths.encryption(), &paths.pki()).expect(case);
        Authorities::ensure(&paths.pki(), at(2026)).expect(case);
        let names = |folder: &Path| {
            let mut names: Vec<_> = fs::read_dir(folder)
                .expect("list")
                .map(|e| e.expect("entry").file_name())
                .collect();
            names.sort();
            names
        };
        assert_eq!(
            names(&paths.cluster()),
            ["encryption.yaml", "pki"],
            "{case}"
        );
        let whole = [
            "ca.crt",
            "ca.key",
            "front-proxy-ca.crt",
            "front-proxy-ca.key",
            "service-account.key",
            "service-account.pub",
        ];
        assert_eq!(names(&paths.pki()), whole, "{case}");
    }
}

#[test]
fn an_identity_that_is_gone_is_never_made_anew() {
    for (case, lost, words) in [
        ("authorities", &["pki"][..], "new, empty cluster"),
        ("the key for Secrets", &["encryption.yaml"], "no Secret"),
        ("both", &["pki", "encryption.yaml"], "no Secret"),
    ] {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let cluster = paths.cluster();
        fs::create_dir_all(paths.database()).expect("folder");
        let ensure = || {
            ensure_encryption(&paths.encryption(), &paths.pki())?;
            Authorities::ensure(&paths.pki(), at(2026))
        };
        ensure().expect("the first boot, cut before there was a datastore");
        fs::write(paths.database().join("state.db"), "").expect("write");
        ensure().expect("all there");
        for name in lost {
            fs::rename(cluster.join(name), root.path().join(name)).expect("move away");
        }
        let text = ensure().expect_err(case).to_string();
        let missing = cluster.join(lost[lost.len() - 1]);
        assert!(text.contains(&*missing.to_string_lossy()), "{case}: {text}");
        assert!(
            text.contains(words) && text.contains("backup"),
            "{case}: {text}"
        );
        for name in lost {
            assert!(!cluster.join(name).exists(), "{case}: {name} was made");
            fs::rename(root.path().join(name), cluster.join(name)).expect("restore");
        }
        ensure().expect("restored");
    }
}

#[test]
fn a_damaged_identity_is_an_error_that_names_the_file_and_never_made_anew() {
    for (case, damage, words) in [
        ("gone", None, "cannot read"),
        (
            "cut short",
            Some("-----BEGIN CERTIFICATE-----\nMIIB"),
            "is not a valid certificate or key",
        ),
        ("empty", Some(""), "is not a valid certificate or key"),
    ] {
        let folder = tempfile::tempdir().expect("temp folder");
        let pki = folder.path().join("pki");
        Authorities::ensure(&pki, at(2026)).expect("made");
        match damage {
            Some(text) => fs::write(pki.join("ca.crt"), text).expect("write"),
            None => fs::remove_file(pki.join("ca.crt")).expect("remove"),
        }
        let error: PkiError = Authorities::ensure(&pki, at(2026)).expect_err(case);
        let text = error.to_string();
        assert!(
            text.contains("ca.crt") && text.contains(words) && text.contains("backup"),
            "{case}: {text}"
        );
    }
}

/// A node that is no server: it has the authority's certificate, and asks a server to sign what it made itself.
struct SigningRequests {
    trust: Trust,
    server: PathBuf,
}

impl CertificateSource for SigningRequests {
    fn cluster_authority(&self) -> &str {
        &self.trust.cluster
    }

    fn trust(&self) -> &Trust {
        &self.trust
    }

    fn issue(&self, leaf: &Leaf, _: SystemTime) -> Result<Issued, PkiError> {
        let failed = |source| PkiError::Make {
            name: leaf.name.into(),
            source,
        };
        let key = rcgen::KeyPair::generate().map_err(failed)?;
        let mut request = rcgen::CertificateParams::new(leaf.names.clone()).map_err(failed)?;
        let subject = &mut request.distinguished_name;
        *subject = rcgen::DistinguishedName::new();
        subject.push(rcgen::DnType::CommonName, leaf.common_name.as_str());
        let request = request.serialize_request(&key).and_then(|csr| csr.pem());
        Ok(Issued {
            certificate: sign(&self.server, &request.map_err(failed)?).map_err(failed)?,
            key: key.serialize_pem(),
        })
    }
}

/// What a server does with a signing request.
fn sign(server: &Path, request: &str) -> Result<String, rcgen::Error> {
    let read = |name: &str| fs::read_to_string(server.join(name)).expect("the server's");
    let key = rcgen::KeyPair::from_pem(&read("ca.key"))?;
    let issuer = rcgen::Issuer::from_ca_cert_pem(&read("ca.crt"), key)?;
    let request = rcgen::CertificateSigningRequestParams::from_pem(request)?;
    Ok(request.signed_by(&issuer)?.pem())
}

#[test]
fn a_node_needs_no_authoritys_key_for_its_certificates() {
    let root = tempfile::tempdir().expect("temp folder");
    let server = root.path().join("server/pki");
    let made = Authorities::ensure(&server, at(2026)).expect("made");
    let paths = Paths::below(root.path().join("node"));
    let source = SigningRequests {
        trust: made.trust().clone(),
        server: server.clone(),
    };
    drop(made);
    let facts = NodeFacts {
        address: "192.168.1.6".parse().expect("address"),
        memory: 0,
        now: at(2026),
        emulate: None,
    };
    let leaves = node_leaves(&settings(), facts.address);
    let files = leaf_files(&leaves, &facts, &paths, &source).expect("planned");
    assert_eq!(files.len(), 4);
    assert!(!paths.pki().exists(), "nothing was made or read there");
    for file in files {
        fs::create_dir_all(file.path.parent().expect("folder")).expect("folder");
        fs::write(&file.path, &file.content).expect("write");
        let authority = server.join("ca.crt");
        let (authority, leaf) = (authority.to_string_lossy(), file.path.to_string_lossy());
        let (good, said) = openssl(&["verify", "-CAfile", &authority, &leaf]);
        assert!(good, "{said}");
    }
}
