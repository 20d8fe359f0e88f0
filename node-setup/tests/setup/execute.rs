//! The executor below a temporary root.

use crate::node::{Recorder, TestNode};
use node_setup::{Executor, OnFailure, Owner, Step, ThisMachine, Warning};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn executor(root: &Path) -> Executor<Recorder> {
    Executor::new(
        root,
        Recorder {
            root: root.to_owned(),
            ..Recorder::default()
        },
    )
}

#[test]
fn files_get_content_mode_and_owner() {
    let root = tempfile::tempdir().unwrap();
    let mut executor = executor(root.path());
    let owner = Owner { uid: 906, gid: 907 };
    let step = |content: &str| Step::WriteFile {
        path: "/etc/tool/key".into(),
        mode: 0o640,
        owner,
        content: content.into(),
        on_failure: OnFailure::Stop,
    };
    executor.execute(&[step("one")]).unwrap();
    executor.execute(&[step("two")]).unwrap();
    let path = root.path().join("etc/tool/key");
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    // Given away before it has its name.
    assert_eq!(
        *executor.machine().asked.borrow(),
        ["chown 906:907 key", "chown 906:907 key"]
    );
    assert_eq!(
        fs::read_dir(root.path().join("etc/tool")).unwrap().count(),
        1,
        "a temporary file stayed"
    );
}

#[test]
fn a_directory_changes_as_one_and_not_without_need() {
    let root = tempfile::tempdir().unwrap();
    let mut executor = executor(root.path());
    let step = |files: &[(&str, &str)]| {
        let files = files.iter();
        [Step::ReplaceDir {
            path: "/etc/containerd/certs.d".into(),
            files: files
                .map(|(name, text)| (name.into(), (*text).into()))
                .collect(),
        }]
    };
    let path = root.path().join("etc/containerd/certs.d");
    executor.execute(&step(&[])).unwrap();
    assert!(!path.exists(), "nothing is wanted, nothing is there");
    let both = [("a/hosts.toml", "one"), ("b_5000_/hosts.toml", "two")];
    executor.execute(&step(&both)).unwrap();
    let inode = || fs::metadata(&path).unwrap().ino();
    let first = inode();
    executor.execute(&step(&both)).unwrap();
    assert_eq!(inode(), first, "the same was written again");
    executor
        .execute(&step(&[("a/hosts.toml", "three")]))
        .unwrap();
    let read = |name: &str| fs::read_to_string(path.join(name)).ok();
    assert_eq!(read("a/hosts.toml").as_deref(), Some("three"));
    assert_eq!(read("b_5000_/hosts.toml"), None, "it lingers");
    executor.execute(&step(&[])).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[test]
fn nothing_is_written_twice() {
    let root = tempfile::tempdir().unwrap();
    let mut executor = executor(root.path());
    let step = [Step::file("/var/x", 0o600, "same")];
    let inode = || fs::metadata(root.path().join("var/x")).unwrap().ino();
    executor.execute(&step).unwrap();
    let before = inode();
    executor.execute(&step).unwrap();
    assert_eq!(before, inode(), "flash was written for nothing");
    executor
        .execute(&[Step::file("/var/x", 0o644, "same")])
        .unwrap();
    assert_ne!(before, inode(), "the mode has to change");
}

#[test]
fn sysctl_names() {
    let root = tempfile::tempdir().unwrap();
    let cases = [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        (
            "net/ipv4/conf/eth0.1/rp_filter",
            "net/ipv4/conf/eth0.1/rp_filter",
        ),
        (
            "net.ipv4.conf.eth0/2.rp_filter",
            "net/ipv4/conf/eth0.2/rp_filter",
        ),
    ];
    for (_, path) in cases {
        let path = root.path().join("proc/sys").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let set = |key: &str, value: &str| {
        let step = Step::Sysctl {
            key: key.to_owned(),
            value: value.to_owned(),
            on_failure: OnFailure::Report,
        };
        executor(root.path()).execute(&[step]).unwrap()
    };
    let value = |path: &str| fs::read_to_string(root.path().join("proc/sys").join(path)).unwrap();
    for (key, path) in cases {
        assert_eq!(set(key, "1"), [], "{key}");
        assert_eq!(value(path), "1", "{key}");
    }
    assert_eq!(set("net.ipv4.conf.*.rp_filter", "2"), []);
    assert_eq!(
        (value(cases[1].1), value(cases[2].1)),
        ("2".to_owned(), "2".to_owned())
    );
    let warnings = set("vm.no_such", "1");
    let warning = text_of(&warnings[0]);
    assert!(
        warning.starts_with("could not set the kernel parameter vm.no_such to `1`"),
        "{warning}"
    );
}

#[test]
fn a_stop_stops_and_a_report_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let run = |on_failure| Step::Run {
        why: "run it".to_owned(),
        command: vec!["x".to_owned()],
        on_failure,
    };
    let mut executor = Executor::new(
        root.path(),
        Recorder {
            fails: Some("x"),
            ..Recorder::default()
        },
    );
    let warnings = executor
        .execute(&[run(OnFailure::Report), Step::file("/a", 0o600, "a")])
        .unwrap();
    assert_eq!(
        warnings,
        [not_in_force("could not run it: it did not work")]
    );
    assert!(root.path().join("a").exists());
    let failed = executor
        .execute(&[run(OnFailure::Stop), Step::file("/b", 0o600, "b")])
        .unwrap_err();
    assert_eq!(failed.to_string(), "could not run it");
    assert!(!root.path().join("b").exists());
}

fn text_of(warning: &Warning) -> &str {
    let (Warning::NotInForce(text) | Warning::Remark(text)) = warning;
    text
}

fn not_in_force(text: &str) -> Warning {
    Warning::NotInForce(text.to_owned())
}

/// Whoever applied the file must know what of it is not in force; what is merely told is no failure.
#[test]
fn what_is_told_is_of_two_kinds() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("there"), "").unwrap();
    let expect = |path: &str| Step::Expect {
        path: path.into(),
        otherwise: format!("{path} is missing"),
    };
    let steps = [
        Step::Warn("for people".to_owned()),
        Step::LeaveOut("the password is not set".to_owned()),
        expect("/there"),
        expect("/gone"),
    ];
    assert_eq!(
        executor(root.path()).execute(&steps).unwrap(),
        [
            Warning::Remark("for people".to_owned()),
            not_in_force("the password is not set"),
            not_in_force("/gone is missing"),
        ]
    );
}

#[test]
fn links_are_replaced() {
    let root = tempfile::tempdir().unwrap();
    let mut executor = executor(root.path());
    let link = |target: &str| {
        [Step::Link {
            path: "/etc/localtime".into(),
            target: target.into(),
        }]
    };
    fs::create_dir_all(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/localtime"), "a file").unwrap();
    executor.execute(&link("/a")).unwrap();
    executor.execute(&link("/b")).unwrap();
    assert_eq!(
        fs::read_link(root.path().join("etc/localtime")).unwrap(),
        Path::new("/b")
    );
}

/// A message without its times, of which a busy host leaves more or less.
fn in_any_time(message: &str) -> String {
    let seconds = ["1 s", "2 s", "3 s"];
    let plain = |text: String, time: &&str| text.replace(*time, "N s");
    seconds.iter().fold(message.to_owned(), plain)
}

#[test]
fn commands_share_their_time() {
    let root = tempfile::tempdir().unwrap();
    let mut executor = Executor::new(root.path(), ThisMachine);
    let command = |key: &str, line: &str| Step::Command {
        key: key.to_owned(),
        command: ["/bin/bash", "-c", line].map(str::to_owned).to_vec(),
        // Enough for the first two on a busy host.
        budget: Duration::from_secs(3),
    };
    let pid = root.path().join("pid");
    let background = format!("sleep 600 & echo $! > {}", pid.display());
    let began = Instant::now();
    let steps = [
        command("init_commands[0]", &background),
        command("init_commands[1]", "exit 3"),
        command("init_commands[2]", "sleep 600"),
        command("boot_commands[0]", "true"),
        Step::file("/a", 0o600, "the node starts"),
    ];
    let warnings = executor.execute(&steps).unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "waited for too long"
    );
    assert!(root.path().join("a").exists());
    let text = |warning: &Warning| match warning {
        Warning::NotInForce(text) => in_any_time(text),
        Warning::Remark(text) => panic!("{text}"),
    };
    let warnings: Vec<String> = warnings.iter().map(text).collect();
    let expected = [
        "could not run init_commands[1]: `/bin/bash` ended with exit status: 3",
        "could not run init_commands[2]: `/bin/bash` did not end within N s and was killed",
        "could not run boot_commands[0]: skipped: the commands before it took all of the N s that there are",
    ];
    assert_eq!(warnings, expected);
    // It holds this test's output open, and whoever reads that would wait for it.
    let left = std::fs::read_to_string(pid).expect("its number");
    let killed = Command::new("kill").arg(left.trim()).status();
    assert!(killed.is_ok_and(|status| status.success()), "it runs still");
}

/// What a pod can make in a folder that it shares with the node.
#[test]
fn a_link_leads_nobody_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    let mut executor = executor(root.path());
    fs::create_dir_all(at("etc/tool")).unwrap();
    fs::create_dir_all(at("var/app")).unwrap();
    std::os::unix::fs::symlink(at("etc/tool"), at("var/app/conf")).unwrap();
    let step = Step::WriteFile {
        path: "/var/app/conf/key".into(),
        mode: 0o600,
        owner: Owner { uid: 906, gid: 907 },
        content: "one".into(),
        on_failure: OnFailure::Report,
    };
    let warnings = executor.execute(&[step]).unwrap();
    let expected = "could not write /var/app/conf/key: `conf` is a link, which is not followed: write the path that it leads to";
    assert_eq!(warnings, [not_in_force(expected)]);
    assert!(!at("etc/tool/key").exists());
    assert!(executor.machine().asked.borrow().is_empty());
}

/// Runs this test program again on a file system of 64 KiB, in a mount namespace of its own.
fn on_a_small_disk(test: &str) {
    let script = "mount -t tmpfs -o size=64k none \"$1\" && SMALL_DISK=\"$1\" exec \"$2\" --exact \"$3\" --ignored --nocapture";
    let disk = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(disk.path())
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    on_a_small_disk("execute::inner_full_disk");
}

#[test]
#[ignore = "started by a_full_disk_leaves_the_old_file"]
fn inner_full_disk() {
    let root = std::env::var("SMALL_DISK").unwrap();
    let root = Path::new(&root);
    let mut executor = executor(root);
    executor
        .execute(&[Step::file("/etc/x", 0o600, "old")])
        .unwrap();
    let large = "x".repeat(1 << 20);
    let failed = executor
        .execute(&[Step::file("/etc/x", 0o600, large.as_str())])
        .unwrap_err();
    assert_eq!(failed.to_string(), "could not write /etc/x");
    assert_eq!(failed.source.kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read_to_string(root.join("etc/x")).unwrap(), "old");
    assert_eq!(
        fs::read_dir(root.join("etc")).unwrap().count(),
        1,
        "half a file stayed"
    );
}

#[test]
fn a_full_disk_is_told_by_configure() {
    on_a_small_disk("execute::inner_full_configure");
}

#[test]
#[ignore = "started by a_full_disk_is_told_by_configure"]
fn inner_full_configure() {
    let disk = std::env::var("SMALL_DISK").unwrap();
    let node = TestNode::new("version: 1\n");
    // State is the small disk, and it is full.
    let state = node.directory.path().join("var/lib/holdfast");
    fs::create_dir_all(&state).unwrap();
    let mut mount = Command::new("mount");
    let mount = mount.arg("--bind").arg(&disk).arg(&state);
    assert!(mount.status().unwrap().success());
    fs::create_dir_all(state.join("ssh")).unwrap();
    let full = fs::write(state.join("fill"), "x".repeat(1 << 20));
    assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
    let node_setup::Outcome::Problem(problem) = node.configure() else {
        panic!("it was applied")
    };
    assert_eq!(problem.title, "The configuration could not be applied");
    assert!(
        problem.text.contains("No space left on device"),
        "{}",
        problem.text
    );
    assert!(
        problem.cure.contains("state partition is full"),
        "{}",
        problem.cure
    );
}
