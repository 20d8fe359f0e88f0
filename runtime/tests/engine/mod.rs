//! A control plane from our own plan, in a folder of its own, on loopback.

use runtime::pki::{ADMIN, Authorities, ensure_encryption};
use runtime::{Paths, Settings, write_for};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

const COMPONENTS: &str = "kine,kube-apiserver,kube-controller-manager,kube-scheduler";
const PATIENCE: Duration = Duration::from_secs(120);

/// The port is one, so is the plane.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A running control plane; dropped, it is stopped.
pub(crate) struct ControlPlane {
    _alone: MutexGuard<'static, ()>,
    engine: PathBuf,
    process: Child,
    root: tempfile::TempDir,
    /// Its paths.
    pub(crate) paths: Paths,
    /// What it was planned from.
    pub(crate) settings: Settings,
}

impl ControlPlane {
    /// Plans and starts one, and waits until it is ready.
    pub(crate) fn start() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/engine/amd64/engine");
        let engine = std::env::var_os("HOLDFAST_ENGINE").map_or_else(built, PathBuf::from);
        assert!(
            engine.is_file(),
            "no engine at {}: run `make engine`",
            engine.display()
        );
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.node.address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let (key, value) = ("site".parse(), "shop-7".parse());
        let label = (key.expect("a key"), value.expect("a value"));
        settings.node.labels.extend([label]);
        let now = SystemTime::now();
        for real in ["proc", "sys"] {
            symlink(Path::new("/").join(real), root.path().join(real))
                .expect("a link to the kernel's files");
        }
        std::fs::create_dir_all(paths.cluster()).expect("state");
        ensure_encryption(&paths.encryption(), &paths.pki()).expect("encryption key");
        let authorities = Authorities::ensure(&paths.pki(), now).expect("authorities");
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        write_for(&settings, &paths, &authorities, address, now).expect("plan");
        std::fs::create_dir_all(paths.at("/run/log/holdfast")).expect("logs");
        let log = File::create(paths.at("/engine.log")).expect("log");
        let process = Command::new(&engine)
            .args(["run", "--only", COMPONENTS, "--plan"])
            .arg(paths.engine_plan())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("log"))
            .stdout(log)
            .spawn()
            .expect("engine starts");
        let mut plane = Self {
            _alone: alone,
            settings,
            engine,
            process,
            root,
            paths,
        };
        plane.wait_ready();
        plane
    }

    fn wait_ready(&mut self) {
        let started = Instant::now();
        while self.anonymous("/readyz").0 != 200 {
            let ended = self.process.try_wait().expect("process");
            let log = || std::fs::read_to_string(self.paths.at("/engine.log")).unwrap_or_default();
            assert!(ended.is_none(), "the engine ended: {ended:?}\n{}", log());
            assert!(
                started.elapsed() < PATIENCE,
                "not ready in {PATIENCE:?}\n{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs kubectl as the administrator; it must succeed.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.try_kubectl(args)
            .unwrap_or_else(|words| panic!("kubectl {args:?}: {words}"))
    }

    /// Waits until kubectl succeeds and prints what `expected` accepts.
    pub(crate) fn eventually(&self, args: &[&str], expected: impl Fn(&str) -> bool) {
        let started = Instant::now();
        let mut last = self.try_kubectl(args);
        while !last.as_deref().is_ok_and(&expected) {
            assert!(started.elapsed() < PATIENCE, "kubectl {args:?}: {last:?}");
            std::thread::sleep(Duration::from_millis(300));
            last = self.try_kubectl(args);
        }
    }

    /// Runs kubectl as the administrator: what it prints, or its complaint.
    pub(crate) fn try_kubectl(&self, args: &[&str]) -> Result<String, String> {
        let kubeconfig = self.paths.kubeconfig(ADMIN);
        let output = Command::new(&self.engine)
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(args)
            .output();
        let output = output.expect("kubectl runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }

    /// Asks the API without a certificate: status and body.
    pub(crate) fn anonymous(&self, path: &str) -> (u16, String) {
        let output = Command::new("curl")
            .args(["--silent", "--write-out", "\n%{http_code}", "--cacert"])
            .arg(self.paths.pki().join("ca.crt"))
            .arg(format!("{}{path}", runtime::plan::LOCAL_API))
            .output()
            .expect("curl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or(("", "0"));
        (status.parse().unwrap_or(0), body.to_owned())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).expect("a pid");
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(pid),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.process.wait();
        if std::thread::panicking() {
            let kept = std::env::temp_dir().join("runtime-control-plane.log");
            let _ = std::fs::copy(self.paths.at("/engine.log"), &kept);
            eprintln!(
                "the engine's log is {} ({})",
                kept.display(),
                self.root.path().display()
            );
        }
    }
}
