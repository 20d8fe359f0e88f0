//! A registry on loopback: distribution's, as Debian packs it.

use crate::pictures::{Picture, digest, index};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Server {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n",
            folder.path().join("storage").display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new(program())
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry runs");
        let server = Server {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "the registry does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Gives it an image: alone, or with an index of several platforms.
    pub(crate) fn push(&self, name: &str, pictures: &[&Picture]) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(self.push_all(name, pictures));
    }

    async fn push_all(&self, name: &str, pictures: &[&Picture]) {
        // A second provider is refused, and this one is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(ClientConfig {
            protocol: ClientProtocol::HttpsExcept(vec![self.address()]),
            ..ClientConfig::default()
        });
        let image: Reference = format!("{}/{name}", self.address()).parse().unwrap();
        let auth = RegistryAuth::Anonymous;
        client
            .auth(&image, &auth, RegistryOperation::Push)
            .await
            .unwrap();
        for picture in pictures {
            for blob in picture.layers.iter().chain([&picture.config]) {
                client
                    .push_blob(&image, blob.clone(), &digest(blob))
                    .await
                    .unwrap();
            }
            let manifest = picture.manifest();
            let at = match pictures.len() {
                1 => image.clone(),
                _ => image.clone_with_digest(digest(&manifest)),
            };
            let kind = "application/vnd.oci.image.manifest.v1+json"
                .parse()
                .unwrap();
            client.push_manifest_raw(&at, manifest, kind).await.unwrap();
        }
        if pictures.len() > 1 {
            let kind = "application/vnd.oci.image.index.v1+json".parse().unwrap();
            client
                .push_manifest_raw(&image, index(pictures), kind)
                .await
                .unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/tools/docker-registry");
    match ours.is_file() {
        true => ours,
        false => "docker-registry".into(),
    }
}
