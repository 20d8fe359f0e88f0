//! Authorities that are exchanged, judged by openssl: who is believed, and what is signed, at each stage.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

use runtime::Settings;
use runtime::pki::{
    Authorities, CertificateSource as _, Facts, Issued, Record, Signer, Stage, Step, leaves,
    rotate, rotation,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WELL: Facts = Facts {
    on_trial: false,
    in_use: true,
    old_tokens: 0,
    same_boot: false,
    insist: false,
};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn load(pki: &Path) -> Authorities {
    Authorities::load(pki, now()).expect("whole")
}

fn take(pki: &Path, step: Step) -> Stage {
    rotate(pki, step, &WELL, &Record::of(now(), "boot"), now()).expect("taken")
}

fn openssl(args: &[&str]) -> Output {
    let output = Command::new("openssl").args(args).output();
    output.expect("openssl is installed")
}

/// What one side shows, and what the other believes, as files.
struct Sides {
    folder: tempfile::TempDir,
}

impl Sides {
    /// Whether who believes `trusted` alone believes `shown`, a leaf with what leads from it to its authority.
    fn believed(&self, trusted: &str, shown: &Issued) -> bool {
        let write = |name: &str, text: &str| -> String {
            let path = self.folder.path().join(name);
            fs::write(&path, text).expect("written");
            path.to_string_lossy().into_owned()
        };
        let authorities = write("trusted", trusted);
        let shown = write("shown", &shown.certificate);
        let verify = [
            "verify",
            "-x509_strict",
            "-attime",
            "1790000001",
            "-no-CApath",
            "-CAfile",
            &authorities,
            "-untrusted",
            &shown,
            &shown,
        ];
        openssl(&verify).status.success()
    }
}

/// A leaf of each signer.
fn leaf(authorities: &Authorities, signer: Signer) -> Issued {
    let address = "192.168.1.5".parse().expect("address");
    let all = leaves(&Settings::named("edge", "0.1.0"), address);
    let leaf = all.into_iter().find(|leaf| leaf.signer == signer);
    authorities.issue(&leaf.expect("one"), now()).expect("made")
}

fn trusted(authorities: &Authorities, signer: Signer) -> &str {
    match signer {
        Signer::Cluster => &authorities.trust().cluster,
        Signer::FrontProxy => &authorities.trust().front_proxy,
    }
}

/// Who holds something of before goes on until the end, and the new ones are known before they sign.
#[test]
fn who_is_believed_at_each_stage() {
    let sides = Sides {
        folder: tempfile::tempdir().expect("folder"),
    };
    let pki = sides.folder.path().join("pki");
    for signer in [Signer::Cluster, Signer::FrontProxy] {
        let _ = fs::remove_dir_all(&pki);
        let settled = Authorities::ensure(&pki, now()).expect("made");
        let old = leaf(&settled, signer);
        let old_root = trusted(&settled, signer).to_owned();

        assert_eq!(take(&pki, Step::Begin), Stage::Announced);
        let announced = load(&pki);
        let learnt = trusted(&announced, signer).to_owned();
        assert!(sides.believed(&learnt, &old), "{signer:?}");
        assert!(
            sides.believed(&old_root, &leaf(&announced, signer)),
            "the old ones sign"
        );

        assert_eq!(take(&pki, Step::Switch), Stage::Switched);
        let switched = load(&pki);
        let new = leaf(&switched, signer);
        let new_root = pki.join(match signer {
            Signer::Cluster => "ca.crt",
            Signer::FrontProxy => "front-proxy-ca.crt",
        });
        let new_root = fs::read_to_string(new_root).expect("the one that signs");
        for (case, trusted, shown, good) in [
            (
                "something old, at the node",
                trusted(&switched, signer),
                &old,
                true,
            ),
            (
                "something new, at the node",
                trusted(&switched, signer),
                &new,
                true,
            ),
            (
                "something new, where only the old is known",
                &old_root,
                &new,
                true,
            ),
            (
                "something new, where both are known since the beginning",
                &learnt,
                &new,
                true,
            ),
            (
                "something new, where only the new is known",
                &new_root,
                &new,
                true,
            ),
            (
                "something old, where only the new is known",
                &new_root,
                &old,
                false,
            ),
        ] {
            assert_eq!(sides.believed(trusted, shown), good, "{signer:?}: {case}");
        }

        assert_eq!(take(&pki, Step::Finish), Stage::Settled);
        let ended = load(&pki);
        let last = leaf(&ended, signer);
        for (case, trusted, shown, good) in [
            (
                "something old, at the node",
                trusted(&ended, signer),
                &old,
                false,
            ),
            (
                "something of the stage before, at the node",
                trusted(&ended, signer),
                &new,
                true,
            ),
            (
                "something new, at the node",
                trusted(&ended, signer),
                &last,
                true,
            ),
            (
                "something new, where only the old is known",
                &old_root,
                &last,
                false,
            ),
            ("something new, where both were known", &learnt, &last, true),
        ] {
            assert_eq!(sides.believed(trusted, shown), good, "{signer:?}: {case}");
        }
    }
}

/// Keys of tokens: which one signs, by what the API server writes into a token, and which ones verify.
#[test]
fn tokens_are_verified_with_both_keys_until_the_end() {
    let folder = tempfile::tempdir().expect("folder");
    let pki = folder.path().join("pki");
    let settled = Authorities::ensure(&pki, now()).expect("made");
    let (old, old_key) = (
        settled.tokens_id(),
        settled.trust().service_accounts.clone(),
    );
    let keys = |authorities: &Authorities| {
        let text = &authorities.trust().service_accounts;
        (
            text.matches("BEGIN PUBLIC KEY").count(),
            text.contains(&old_key),
        )
    };
    assert_eq!(
        (keys(&settled), settled.previous_tokens()),
        ((1, true), None)
    );
    take(&pki, Step::Begin);
    let announced = load(&pki);
    assert_eq!(
        (keys(&announced), announced.previous_tokens()),
        ((2, true), None)
    );
    assert_eq!(announced.tokens_id(), old, "the old key signs");
    take(&pki, Step::Switch);
    let switched = load(&pki);
    assert_eq!(
        (keys(&switched), switched.previous_tokens()),
        ((2, true), Some(old.clone()))
    );
    assert_ne!(switched.tokens_id(), old);
    take(&pki, Step::Finish);
    let ended = load(&pki);
    assert_eq!((keys(&ended), ended.previous_tokens()), ((1, false), None));
    assert_eq!(ended.tokens_id(), switched.tokens_id());
    // As the API server names keys: the digest of the public one.
    let key = pki.join("service-account.pub");
    let der = openssl(&[
        "pkey",
        "-pubin",
        "-outform",
        "DER",
        "-in",
        &key.to_string_lossy(),
    ])
    .stdout;
    fs::write(&key, der).expect("written");
    let digest = openssl(&["dgst", "-sha256", "-binary", &key.to_string_lossy()]).stdout;
    use base64::Engine as _;
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(id, ended.tokens_id());
}

/// Whoever gets a kubeconfig once the new ones sign believes those alone.
#[test]
fn whom_a_kubeconfig_believes() {
    let folder = tempfile::tempdir().expect("folder");
    let pki = folder.path().join("pki");
    let old = Authorities::ensure(&pki, now())
        .expect("made")
        .cluster_pem()
        .to_owned();
    take(&pki, Step::Begin);
    let announced = load(&pki).cluster_pem().to_owned();
    assert!(announced.starts_with(&old) && announced != old, "both");
    take(&pki, Step::Switch);
    assert_eq!(
        old.clone() + load(&pki).cluster_pem(),
        announced,
        "the new one alone"
    );
    take(&pki, Step::Finish);
    assert_eq!(old + load(&pki).cluster_pem(), announced);
}

#[test]
fn a_rotation_that_was_begun_can_be_forgotten() {
    let folder = tempfile::tempdir().expect("folder");
    let pki = folder.path().join("pki");
    let before = Authorities::ensure(&pki, now())
        .expect("made")
        .trust()
        .clone();
    take(&pki, Step::Begin);
    assert_eq!(
        rotation(&pki),
        (Stage::Announced, Record::of(now(), "boot"))
    );
    take(&pki, Step::Abandon);
    assert_eq!(rotation(&pki), (Stage::Settled, Record::default()));
    assert!(load(&pki).trust() == &before);
    let names = fs::read_dir(&pki).expect("listed").count();
    assert_eq!(names, 6, "no key of the new ones is left");
}

/// Everything below a folder, with its content.
fn all(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).expect("read");
                found.push((path, content));
            }
        }
    }
    found.sort();
    found
}

/// A power cut before or after any write of a step: the authorities are those of the stage before or behind it, whole.
#[test]
fn a_cut_at_any_write_leaves_the_stage_before_or_behind() {
    let folder = tempfile::tempdir().expect("folder");
    let cluster = folder.path().join("cluster");
    let pki = cluster.join("pki");
    let beside = cluster.join(".pki.new");
    Authorities::ensure(&pki, now()).expect("made");
    for step in [Step::Begin, Step::Switch, Step::Finish] {
        let before = all(&pki);
        let (stage, trust) = (load(&pki).stage(), load(&pki).trust().clone());
        take(&pki, step);
        let after = all(&pki);
        // Cut while the folder beside is filled: any number of the new files is there, the last one torn.
        for written in 0..=after.len() {
            write(&pki, &pki, &before);
            write(&beside, &pki, &after[..written]);
            if let Some((path, content)) = after[..written].last() {
                let torn = beside.join(path.strip_prefix(&pki).expect("in it"));
                fs::write(torn, &content[..content.len() / 2]).expect("written");
            }
            let found = load(&pki);
            assert_eq!((found.stage(), found.trust()), (stage, &trust), "{step:?}");
            assert_eq!(take(&pki, step), next(step), "{step:?} is taken again");
            assert!(!beside.exists());
        }
        // Cut behind the exchange: the old one is beside it.
        write(&pki, &pki, &after);
        write(&beside, &pki, &before);
        assert_eq!(load(&pki).stage(), next(step), "{step:?}");
        fs::remove_dir_all(&beside).expect("removed");
    }
}

fn next(step: Step) -> Stage {
    match step {
        Step::Begin => Stage::Announced,
        Step::Switch => Stage::Switched,
        Step::Finish | Step::Abandon => Stage::Settled,
    }
}

/// Makes `folder` hold these files, which were in `from`, and nothing else.
fn write(folder: &Path, from: &Path, files: &[(PathBuf, Vec<u8>)]) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("folder");
    for (path, content) in files {
        let path = folder.join(path.strip_prefix(from).expect("in it"));
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(path, content).expect("written");
    }
}

/// What was refused changes nothing.
#[test]
fn a_step_that_is_refused_leaves_the_authorities_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let pki = folder.path().join("pki");
    Authorities::ensure(&pki, now()).expect("made");
    let before = all(&pki);
    for step in [Step::Switch, Step::Finish, Step::Abandon] {
        let refused = rotate(&pki, step, &WELL, &Record::default(), now()).expect_err("too early");
        let text = refused.to_string();
        assert!(text.contains("holdfast authorities begin"), "{text}");
    }
    assert!(all(&pki) == before);
}
