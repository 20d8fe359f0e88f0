//! Authorities that are exchanged under a real API server: who held something of before goes on until the end.

use crate::engine::{ControlPlane, plan_anew};
use runtime::pki::{
    Authorities, CertificateSource as _, Facts, Issued, Record, Step, rotate, user_leaf,
};
use runtime::plan::{Credentials, LOCAL_API, kubeconfig};
use std::fs;
use std::time::SystemTime;

const WHO: [&str; 3] = ["auth", "whoami", "-o=jsonpath={.status.userInfo.username}"];
const NAME: &str = "alice";

fn authorities(plane: &ControlPlane) -> Authorities {
    Authorities::load(&plane.paths.pki(), SystemTime::now()).expect("whole")
}

/// A kubeconfig at another machine.
fn given_away(plane: &ControlPlane, file: &str, authority: &str, leaf: &Issued) -> String {
    let credentials = Credentials::Embedded { authority, leaf };
    let path = plane.paths.at(file);
    fs::write(&path, kubeconfig(LOCAL_API, NAME, &credentials)).expect("written");
    path.to_string_lossy().into_owned()
}

fn leaf(plane: &ControlPlane) -> Issued {
    let leaf = user_leaf(NAME, "ops");
    let made = authorities(plane).issue(&leaf, SystemTime::now());
    made.expect("made")
}

/// Whom the API server takes the owner of a kubeconfig for.
fn whoami(plane: &ControlPlane, kubeconfig: &str) -> Result<String, String> {
    plane.try_kubectl(&[&WHO[..], &["--kubeconfig", kubeconfig]].concat())
}

/// The same for the owner of a token.
fn whose(plane: &ControlPlane, token: &str) -> Result<String, String> {
    let authority = plane.paths.trust("ca.crt");
    let authority = authority.to_string_lossy();
    plane.try_kubectl(
        &[
            &WHO[..],
            &["--kubeconfig", "/dev/null", "--server", LOCAL_API],
            &["--certificate-authority", &authority, "--token", token],
        ]
        .concat(),
    )
}

/// A step, and the control plane with it, as the keeper does it.
fn take(plane: &mut ControlPlane, step: Step) {
    let settings = plane.settings.clone();
    plane.restart_after(|paths| {
        let facts = Facts {
            in_use: true,
            insist: true,
            ..Facts::default()
        };
        let now = SystemTime::now();
        rotate(&paths.pki(), step, &facts, &Record::default(), now).expect("taken");
        plan_anew(&settings, paths);
    });
}

#[test]
fn what_the_old_authorities_signed_is_good_until_the_end() {
    let mut plane = ControlPlane::alone();
    let old_leaf = leaf(&plane);
    let old_root = authorities(&plane).cluster_pem().to_owned();
    let old = given_away(&plane, "/old.kubeconfig", &old_root, &old_leaf);
    plane.eventually(
        &["get", "serviceaccount", "default", "--output=name"],
        |_| true,
    );
    let old_token = plane.kubectl(&["create", "token", "default"]);
    let account = "system:serviceaccount:default:default";
    let alice = || Ok(NAME.to_owned());
    assert_eq!(whoami(&plane, &old), alice());

    for step in [Step::Begin, Step::Switch] {
        take(&mut plane, step);
        assert_eq!(whoami(&plane, &old), alice(), "{step:?}");
        assert_eq!(
            whose(&plane, &old_token).as_deref(),
            Ok(account),
            "{step:?}"
        );
        // Pods learn both.
        let both = fs::read_to_string(plane.paths.trust("ca.crt")).expect("there");
        assert_eq!(both.matches("BEGIN").count(), 2);
        let path = "-o=jsonpath={.data.ca\\.crt}";
        plane.eventually(&["get", "configmap", "kube-root-ca.crt", path], |text| {
            text.trim() == both.trim()
        });
    }
    let new_leaf = leaf(&plane);
    let new_root = authorities(&plane).cluster_pem().to_owned();
    assert!(!new_root.contains(&old_root));
    let new = given_away(&plane, "/new.kubeconfig", &new_root, &new_leaf);
    let new_token = plane.kubectl(&["create", "token", "default"]);
    // Who knows only the old authority believes the server, which shows a certificate of the new one.
    let mixed = given_away(&plane, "/mixed.kubeconfig", &old_root, &new_leaf);
    for kubeconfig in [&new, &mixed] {
        assert_eq!(whoami(&plane, kubeconfig), alice(), "{kubeconfig}");
    }

    take(&mut plane, Step::Finish);
    assert_eq!(whoami(&plane, &new), alice());
    assert_eq!(whose(&plane, &new_token).as_deref(), Ok(account));
    let late = given_away(&plane, "/late.kubeconfig", &new_root, &old_leaf);
    for (case, said) in [
        ("a certificate", whoami(&plane, &late)),
        ("a token", whose(&plane, &old_token)),
    ] {
        let words = said.expect_err(case);
        assert!(words.contains("Unauthorized"), "{case}: {words}");
    }
    let words = whoami(&plane, &old).expect_err("the server is a stranger");
    assert!(words.contains("unknown authority"), "{words}");
}
