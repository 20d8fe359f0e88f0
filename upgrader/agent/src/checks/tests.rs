use super::{Checks, Http, PATIENCE, Workloads};
use init_api::{HealthCheck, WorkloadKind};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn checks(root: &Path, checks: Vec<HealthCheck>) -> Checks {
    Checks {
        checks,
        http: Http::new(PATIENCE).expect("a client"),
        workloads: Workloads::seen_with(root.join("admin.kubeconfig")),
        root: root.to_path_buf(),
    }
}

/// A web server with one answer for each question; gives its address.
fn server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a question");
            let mut question = [0; 4096];
            let _ = stream.read(&mut question);
            let _ = write!(
                stream,
                "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    });
    format!("http://{address}/healthz")
}

#[tokio::test]
async fn a_web_server_has_to_answer_well() {
    let root = tempfile::tempdir().expect("a folder");
    let url = server(&[
        "200 OK",
        "204 No Content",
        "503 Service Unavailable",
        "302 Found",
    ]);
    let checks = checks(root.path(), vec![HealthCheck::Http { url: url.clone() }]);
    assert_eq!(checks.failing().await, [""; 0]);
    assert_eq!(checks.failing().await, [""; 0]);
    let unwell = format!("check {url}: it answered 503 Service Unavailable");
    assert_eq!(checks.failing().await, [unwell]);
    let elsewhere = format!("check {url}: it answered 302 Found");
    assert_eq!(checks.failing().await, [elsewhere]);
    let nobody = checks.failing().await;
    assert!(
        nobody.len() == 1 && nobody[0].starts_with(&format!("check {url}: ")),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn a_command_has_to_end_well_and_says_why_it_does_not() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("etc/holdfast/checks");
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("executable");
    };
    write("good", "#!/bin/sh\nexit 0\n");
    write(
        "bad",
        "#!/bin/sh\necho the tills do not answer >&2\nexit 3\n",
    );
    let command = |name: &str| HealthCheck::Command {
        name: name.to_owned(),
    };
    let all = checks(root.path(), ["good", "bad", "gone"].map(command).to_vec());
    let failing = all.failing().await;
    assert_eq!(failing.len(), 2, "{failing:?}");
    assert!(
        failing[0].starts_with("check /etc/holdfast/checks/bad: ")
            && failing[0].contains("the tills do not answer"),
        "{failing:?}"
    );
    assert!(
        failing[1].starts_with("check /etc/holdfast/checks/gone: "),
        "{failing:?}"
    );
}

#[tokio::test]
async fn without_a_cluster_no_workload_is_there() {
    let root = tempfile::tempdir().expect("a folder");
    let check = HealthCheck::Workload {
        kind: WorkloadKind::Deployment,
        namespace: "shop".into(),
        name: "tills".into(),
    };
    let failing = checks(root.path(), vec![check]).failing().await;
    assert_eq!(failing.len(), 1);
    assert!(
        failing[0]
            .starts_with("check Deployment shop/tills: the cluster's credentials are not there"),
        "{failing:?}"
    );
}
