//! Against a server of its own kind, which compares signatures: `s3s`, on a folder.

use super::*;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::fs;
use std::net::SocketAddr;
use std::thread;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A server on the loopback that has the bucket `shop`; it ends with the process.
fn server() -> (TempDir, SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shop")).unwrap();
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
    builder.set_auth(SimpleAuth::from_single("NODE17", "secret"));
    let service = builder.build();
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            serve(listener, service).await;
        });
    });
    (folder, told.recv().unwrap())
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service.clone();
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn settings(address: SocketAddr, change: &str) -> Settings {
    let text = format!(
        "{{\"endpoint\": \"http://{address}\", \"bucket\": \"shop\", \"folder\": \"stores/berlin\", \
         \"region\": \"us-east-1\", \"access_key\": \"NODE17\", \"secret_key\": \"secret\", \"ca\": null}}"
    );
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    if let Some((key, value)) = change.split_once('=') {
        json[key] = value.into();
    }
    serde_json::from_value(json).unwrap()
}

#[test]
fn what_is_put_is_listed_given_and_removed() {
    let (folder, address) = server();
    let bucket = Bucket::new(&settings(address, "")).unwrap();
    let here = tempfile::tempdir().unwrap();
    let (file, copy) = (here.path().join("backup"), here.path().join("copy"));
    let content: Vec<u8> = (0..3 << 20).map(|at| (at % 251) as u8).collect();
    fs::write(&file, &content).unwrap();
    for name in ["backup-edge-1.age", "backup-edge-2.age", "other.age"] {
        bucket.put(name, &file).unwrap();
    }
    let place = folder.path().join("shop/stores/berlin/backup-edge-1.age");
    assert_eq!(fs::read(place).unwrap(), content);
    let mut names = bucket.list("backup-edge-").unwrap();
    names.sort();
    assert_eq!(names, ["backup-edge-1.age", "backup-edge-2.age"]);
    bucket.get("backup-edge-2.age", &copy).unwrap();
    assert_eq!(fs::read(&copy).unwrap(), content);
    bucket.remove("backup-edge-1.age").unwrap();
    assert_eq!(bucket.list("backup-edge-").unwrap(), ["backup-edge-2.age"]);
}

#[test]
fn a_no_of_the_server_is_told_with_its_words() {
    let (_folder, address) = server();
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("backup");
    // More than fits what a connection takes before the answer is read.
    fs::write(&file, vec![7; 16 << 20]).unwrap();
    for (change, wanted) in [
        ("secret_key=wrong", "SignatureDoesNotMatch"),
        ("access_key=NOBODY", "`backup.s3.access_key`"),
        ("bucket=warehouse", "NoSuchBucket"),
    ] {
        let bucket = Bucket::new(&settings(address, change)).unwrap();
        let error = bucket.list("").unwrap_err().to_string();
        assert!(error.contains(wanted), "{change}: {error}");
        assert!(error.starts_with("127.0.0.1 does not list"), "{error}");
        // This server makes a bucket that is not there.
        if !change.starts_with("bucket") {
            let error = bucket.put("backup.age", &file).unwrap_err().to_string();
            assert!(error.contains(wanted), "{change}: {error}");
        }
    }
    let bucket = Bucket::new(&settings(address, "")).unwrap();
    let error = bucket.get("gone.age", &here.path().join("x")).unwrap_err();
    assert!(error.to_string().contains("NoSuchKey"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_signature() {
    let bucket = Bucket::new(&settings("127.0.0.1:1".parse().unwrap(), "")).unwrap();
    let error = bucket.list("").unwrap_err();
    let said = host::with_causes(&error);
    assert!(said.contains("cannot be reached"), "{said}");
    assert!(!said.contains("X-Amz-Signature"), "{said}");
}
