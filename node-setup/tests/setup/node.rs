//! A node in a temporary directory: a root with what an image has, media made of folders, a machine that records.

use init_api::{BootRecord, Millis, Problem, Root, Services};
use node_setup::{ConfigPartition, Machine, Media, Outcome, Reload, Stick};
use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// What the machine was asked, one line each.
pub(crate) type Asked = Rc<RefCell<Vec<String>>>;

/// Records instead of doing; makes the files that ssh-keygen would.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    pub(crate) asked: Asked,
    pub(crate) fails: Option<&'static str>,
    pub(crate) root: PathBuf,
}

impl Recorder {
    fn record(&self, line: String) -> io::Result<()> {
        let fails = self.fails.is_some_and(|word| line.contains(word));
        self.asked.borrow_mut().push(line);
        if fails {
            Err(io::Error::other("it did not work"))
        } else {
            Ok(())
        }
    }
}

impl Machine for Recorder {
    fn run(&mut self, command: &[String]) -> io::Result<()> {
        if let ("ssh-keygen", Some(path)) = (command[0].as_str(), command.last()) {
            let path = self.root.join(path.trim_start_matches('/'));
            fs::write(&path, "private\n")?;
            fs::write(path.with_extension("pub"), "public\n")?;
        }
        self.record(command.join(" "))
    }

    fn set_wifi_country(&mut self, country: &str) -> io::Result<()> {
        self.record(format!("country {country}"))
    }

    fn command(&mut self, command: &[String], _within: Option<Duration>) -> io::Result<()> {
        self.record(format!("user: {}", command.join(" ")))
    }

    fn set_hostname(&mut self, name: &str) -> io::Result<()> {
        self.record(format!("hostname {name}"))
    }

    fn chown(&mut self, _file: &std::fs::File, path: &Path, uid: u32, gid: u32) -> io::Result<()> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.record(format!("chown {uid}:{gid} {name}"))
    }

    fn bind(&mut self, _from: &Path, at: &Path) -> io::Result<()> {
        let name = at
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.record(format!("bind {name}"))
    }

    fn reload(&mut self, what: &Reload) -> io::Result<()> {
        match what {
            Reload::Network(change) => self.record(format!("reload Network {:?}", change.changed)),
            other => self.record(format!("reload {other:?}")),
        }
    }
}

/// The node.
pub(crate) struct TestNode {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) root: Root,
    pub(crate) machine: Recorder,
}

impl TestNode {
    /// A node whose CONFIG partition holds this file.
    pub(crate) fn new(config: &str) -> TestNode {
        let directory = tempfile::tempdir().unwrap();
        let node = TestNode::at(directory);
        node.write("config/config.yaml", config);
        node
    }

    /// A node without a configuration in this directory.
    pub(crate) fn at(directory: tempfile::TempDir) -> TestNode {
        let root = Root::new(directory.path());
        let machine = Recorder {
            root: directory.path().to_owned(),
            ..Recorder::default()
        };
        let node = TestNode {
            directory,
            root,
            machine,
        };
        node.write(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\n_chrony:x:906:906::/:/usr/sbin/nologin\n",
        );
        node.write("etc/group", "root:x:0:\n_chrony:x:906:\n");
        node.write("etc/shadow", "root:*:18262:0:99999:7:::\n");
        node.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        node.write(
            "usr/lib/holdfast/release.json",
            r#"{"version":"0.1.0","build_time":1}"#,
        );
        node.write("usr/lib/holdfast/default-config.yaml", "version: 1\n");
        node.write("proc/cmdline", "quiet\n");
        for (key, _) in runtime::SYSCTLS {
            node.write(&format!("proc/sys/{}", key.replace('.', "/")), "");
        }
        node
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.directory.path().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.directory.path().join(path).exists()
    }

    pub(crate) fn media(&self) -> Folders {
        Folders {
            config: Ok(self.directory.path().join("config")),
            booted_from_a_stick: false,
            sticks: Vec::new(),
            on_their_way: Vec::new(),
            late: Vec::new(),
            awaited: Vec::new(),
        }
    }

    pub(crate) fn configure(&self) -> node_setup::Outcome {
        node_setup::configure(&self.root, &mut self.media(), self.machine.clone()).unwrap()
    }

    /// The next boot: `/run` and `/etc/ssh` are new.
    pub(crate) fn boot_again(&self) {
        for folder in ["run", "etc/ssh"] {
            fs::remove_dir_all(self.directory.path().join(folder)).unwrap();
        }
    }

    /// What the last configuration says of itself.
    pub(crate) fn configured(&self) -> init_api::Configured {
        serde_json::from_str(&self.read("run/holdfast/configured.json")).unwrap()
    }

    /// What the last configuration says that did not stop the node, of both kinds.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let configured = self.configured();
        [configured.failed, configured.warnings].concat()
    }
}

/// Media that are folders.
pub(crate) struct Folders {
    pub(crate) config: Result<PathBuf, Problem>,
    /// The disk with it is a stick.
    pub(crate) booted_from_a_stick: bool,
    pub(crate) sticks: Vec<Stick>,
    /// Sticks that the kernel has not come to yet.
    pub(crate) on_their_way: Vec<Stick>,
    /// More sticks, for who waits.
    pub(crate) late: Vec<Stick>,
    /// How many sticks were waited for, each time.
    pub(crate) awaited: Vec<usize>,
}

impl Media for Folders {
    fn config_partition(&mut self, _: Option<&BootRecord>) -> Result<ConfigPartition, Problem> {
        self.config.clone().map(|directory| ConfigPartition {
            directory,
            pluggable: self.booted_from_a_stick,
            notes: Vec::new(),
        })
    }

    fn settle(&mut self, _: Option<Millis>) {
        self.sticks.append(&mut self.on_their_way);
    }

    fn sticks(&mut self) -> Vec<Stick> {
        self.sticks.clone()
    }

    fn stick_devices(&mut self) -> Vec<String> {
        self.sticks
            .iter()
            .map(|stick| stick.device.clone())
            .collect()
    }

    fn awaited_sticks(&mut self, wanted: usize) -> Vec<Stick> {
        self.awaited.push(wanted);
        self.sticks.append(&mut self.late);
        self.sticks.clone()
    }
}

/// A configuration that is right.
pub(crate) const GOOD: &str = "version: 1\nhostname: edge-1\nssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me]\n";

/// The problem that a configuration ended with.
pub(crate) fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Problem(problem) => problem,
        other => panic!("{other:?}"),
    }
}

/// Names of the services that PID 1 is to run.
pub(crate) fn services(node: &TestNode) -> Vec<String> {
    let services: Services =
        serde_json::from_str(&node.read("run/holdfast/services.json")).unwrap();
    services
        .iter()
        .map(|service| service.name.to_string())
        .collect()
}
