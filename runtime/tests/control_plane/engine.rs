//! A control plane from our own plan, in a folder of its own, on loopback.

use runtime::pki::{ADMIN, Authorities, CertificateSource, ensure_encryption, node_leaves};
use runtime::{Paths, Settings, write_for};
use std::fs::{self, File};
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

const COMPONENTS: &str = "kine,kube-apiserver,kube-controller-manager,kube-scheduler";
const STORE: &str = "kine,kube-apiserver";
const PATIENCE: Duration = Duration::from_secs(120);

/// What runs beside a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// The keeper; of the leaves that it finds, the kubelet's is old.
    Keeper,
    /// Nothing, not even what judges nodes by their heartbeats.
    NoControllers,
    /// Nothing, and for one test alone.
    Alone,
}

/// The control plane of the moment: there is one port.
struct Running {
    beside: Option<Beside>,
    plane: Weak<ControlPlane>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    beside: None,
    plane: Weak::new(),
});
static CHANGED: Condvar = Condvar::new();

/// The right to have a control plane; given back when it is dropped.
struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        running().beside = None;
        CHANGED.notify_all();
    }
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running control plane; dropped, it is stopped.
pub(crate) struct ControlPlane {
    engine: PathBuf,
    components: &'static str,
    process: Child,
    root: tempfile::TempDir,
    /// Its paths.
    pub(crate) paths: Paths,
    /// What it was planned from.
    pub(crate) settings: Settings,
    /// The serial number of the API server's certificate when it started.
    pub(crate) first_serial: String,
    /// Last, so that the next one starts when this one has ended.
    _turn: Turn,
}

impl ControlPlane {
    /// The control plane of the tests that want the same beside it; waits until those that want something else are done.
    pub(crate) fn with(beside: Beside) -> Arc<Self> {
        let mut state = running();
        while let Some(now) = state.beside {
            // Only one that is wanted is held: the other one ends when nobody holds it.
            let wanted = (now == beside).then(|| state.plane.upgrade()).flatten();
            if let Some(plane) = wanted {
                return plane;
            }
            state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.beside = Some(beside);
        state.plane = Weak::new();
        drop(state);
        let plane = Arc::new(Self::start(engine(), beside, Turn));
        if beside == Beside::Keeper {
            let (settings, paths) = (plane.settings.clone(), plane.paths.clone());
            std::thread::spawn(move || runtime::run_keeper(settings, paths).expect("it runs"));
        }
        running().plane = Arc::downgrade(&plane);
        CHANGED.notify_all();
        plane
    }

    /// One that nobody shares, so that it can be stopped and started.
    pub(crate) fn alone() -> Self {
        Self::alone_with(engine())
    }

    /// As [`ControlPlane::alone`], with this engine.
    pub(crate) fn alone_with(engine: PathBuf) -> Self {
        let mut state = running();
        while state.beside.is_some() {
            state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.beside = Some(Beside::Alone);
        state.plane = Weak::new();
        drop(state);
        Self::start(engine, Beside::Alone, Turn)
    }

    /// Plans and starts one, and waits until it is ready.
    fn start(engine: PathBuf, beside: Beside, turn: Turn) -> Self {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let settings = settings();
        lay_out(&settings, &paths, root.path());
        let leaf = paths.leaf("apiserver");
        let first_serial = serial(&["x509", "-noout", "-serial", "-in", &leaf.to_string_lossy()]);
        if beside == Beside::Keeper {
            make_kubelets_leaf_old(&settings, &paths);
        }
        let components = match beside {
            Beside::NoControllers => STORE,
            Beside::Nothing | Beside::Keeper | Beside::Alone => COMPONENTS,
        };
        let process = spawn(&engine, components, &paths);
        let mut plane = Self {
            engine,
            components,
            process,
            root,
            paths,
            settings,
            first_serial,
            _turn: turn,
        };
        plane.wait_ready();
        plane
    }

    /// Stops it in order, does something to its files, and starts it again.
    pub(crate) fn restart_after(&mut self, change: impl FnOnce(&Paths)) {
        self.stop();
        change(&self.paths);
        self.process = spawn(&self.engine, self.components, &self.paths);
        self.wait_ready();
    }

    /// As [`ControlPlane::restart_after`], with another engine from then on.
    pub(crate) fn restart_as(&mut self, engine: PathBuf, change: impl FnOnce(&Paths)) {
        self.engine = engine;
        self.restart_after(change);
    }

    /// What the engine has said since it was started last.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.paths.at("/engine.log")).unwrap_or_default()
    }

    fn stop(&mut self) {
        let pid = i32::try_from(self.process.id()).expect("a pid");
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(pid),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.process.wait();
    }

    fn wait_ready(&mut self) {
        let started = Instant::now();
        while self.anonymous("/readyz").0 != 200 {
            let ended = self.process.try_wait().expect("process");
            let log = || fs::read_to_string(self.paths.at("/engine.log")).unwrap_or_default();
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
        let output = self.run_kubectl(args);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }

    /// Whether a user may do something, as the API server says.
    pub(crate) fn can(&self, user: &str, verb: &str, what: &str) -> bool {
        let output = self.run_kubectl(&["auth", "can-i", verb, what, "--as", user]);
        match output.stdout.trim_ascii() {
            b"yes" => true,
            b"no" => false,
            _ => panic!("{output:?}"),
        }
    }

    fn run_kubectl(&self, args: &[&str]) -> Output {
        let kubectl = Command::new(&self.engine)
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(self.paths.kubeconfig(ADMIN))
            .args(args)
            .output();
        kubectl.expect("kubectl runs")
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
        self.stop();
        if std::thread::panicking() {
            let kept = std::env::temp_dir().join("runtime-control-plane.log");
            let _ = fs::copy(self.paths.at("/engine.log"), &kept);
            eprintln!(
                "the engine's log is {} ({})",
                kept.display(),
                self.root.path().display()
            );
        }
    }
}

/// The engine that was built.
pub(crate) fn engine() -> PathBuf {
    built("HOLDFAST_ENGINE", "engine/amd64/engine", "make engine")
}

/// A program that `variable` names, or the one in `build`; `how` makes that.
pub(crate) fn built(variable: &str, place: &str, how: &str) -> PathBuf {
    let place = || {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../build")
            .join(place)
    };
    let program = std::env::var_os(variable).map_or_else(place, PathBuf::from);
    let shown = program.display();
    assert!(program.is_file(), "no program at {shown}: run `{how}`");
    program
}

/// Plans anew, for what the files of the node say now.
pub(crate) fn plan_anew(settings: &Settings, paths: &Paths) {
    let now = SystemTime::now();
    let authorities = Authorities::ensure(&paths.pki(), now).expect("authorities");
    write_for(settings, paths, &authorities, own_address(), now).expect("plan");
}

fn spawn(engine: &Path, components: &str, paths: &Paths) -> Child {
    let log = File::create(paths.at("/engine.log")).expect("log");
    let engine = Command::new(engine)
        .args(["run", "--only", components, "--plan"])
        .arg(paths.engine_plan())
        .stdin(Stdio::null())
        .stderr(log.try_clone().expect("log"))
        .stdout(log)
        .spawn();
    engine.expect("engine starts")
}

/// An address of this machine: the API server does not tell of one that nobody else can reach.
fn own_address() -> IpAddr {
    let all = nix::ifaddrs::getifaddrs().expect("the machine's addresses");
    let addresses = all.filter_map(|interface| {
        let address = interface.address?.as_sockaddr_in()?.ip();
        (!address.is_loopback() && !address.is_link_local()).then_some(address)
    });
    let first = addresses.min();
    IpAddr::V4(first.expect("an IPv4 address: these tests need a network card, not a network"))
}

fn settings() -> Settings {
    let mut settings = Settings::named("edge", "0.1.0");
    settings.node.address = Some(own_address());
    let (key, value) = ("site".parse(), "shop-7".parse());
    let label = (key.expect("a key"), value.expect("a value"));
    settings.node.labels.extend([label]);
    settings
}

/// What lies on a node before its control plane starts.
fn lay_out(settings: &Settings, paths: &Paths, root: &Path) {
    let now = SystemTime::now();
    for real in ["proc", "sys"] {
        symlink(Path::new("/").join(real), root.join(real)).expect("a link to the kernel's files");
    }
    fs::create_dir_all(paths.cluster()).expect("state");
    ensure_encryption(&paths.encryption(), &paths.pki()).expect("encryption key");
    let authorities = Authorities::ensure(&paths.pki(), now).expect("authorities");
    write_for(settings, paths, &authorities, own_address(), now).expect("plan");
    fs::create_dir_all(paths.at("/run/log/holdfast")).expect("logs");
    let packaged = paths.packaged_manifests();
    fs::create_dir_all(&packaged).expect("folder");
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    for entry in fs::read_dir(manifests).expect("manifests") {
        let path = entry.expect("entry").path();
        fs::copy(&path, packaged.join(path.file_name().expect("name"))).expect("copy");
    }
}

/// One old leaf is enough for all of them to be made anew.
fn make_kubelets_leaf_old(settings: &Settings, paths: &Paths) {
    let now = SystemTime::now();
    let old = now - Duration::from_secs(300 * 24 * 60 * 60);
    let authorities = Authorities::ensure(&paths.pki(), now).expect("authorities");
    for leaf in node_leaves(settings, own_address()) {
        if leaf.name == "kubelet" {
            let issued = authorities.issue(&leaf, old).expect("an old leaf");
            fs::write(paths.leaf(leaf.name), issued.combined()).expect("write");
        }
    }
}

/// The serial number of the certificate that openssl prints, whether as such or as PEM.
pub(crate) fn serial(args: &[&str]) -> String {
    let printed = openssl(args, Vec::new());
    let serial = if printed.starts_with(b"serial=") {
        printed
    } else {
        openssl(&["x509", "-noout", "-serial"], printed)
    };
    String::from_utf8_lossy(&serial).into_owned()
}

/// What openssl prints.
pub(crate) fn openssl(args: &[&str], input: Vec<u8>) -> Vec<u8> {
    let mut openssl = Command::new("openssl");
    let openssl = openssl
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = openssl.spawn().expect("openssl is installed");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(&input).expect("write");
    drop(stdin);
    child.wait_with_output().expect("output").stdout
}
