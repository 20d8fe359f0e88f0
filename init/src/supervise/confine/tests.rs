use super::{folders, limits};
use init_api::{Calls, Capability, Confinement};
use std::path::Path;
use std::process::Command;
use sys::ViewStep;

fn options(confinement: &Confinement) -> Vec<String> {
    let limits = limits(confinement).expect("limits");
    let word = |step: &ViewStep| match step {
        ViewStep::Namespace => "namespace".to_owned(),
        ViewStep::FewDevices => "few devices".to_owned(),
        ViewStep::ReadOnly => "read-only".to_owned(),
        ViewStep::Memory(at) => format!("memory {}", at.to_string_lossy()),
        ViewStep::Split(at) => format!("split {}", at.to_string_lossy()),
        ViewStep::Writable(at) => format!("write {}", at.to_string_lossy()),
        ViewStep::HideFolder(at) | ViewStep::HideFile(at) => {
            format!("hide {}", at.to_string_lossy())
        }
    };
    limits.view.iter().map(word).collect()
}

#[test]
fn a_view_in_the_order_in_which_it_can_be_made() {
    let of = Confinement::strict;
    let strict = options(&of());
    assert_eq!(
        strict[..8],
        [
            "namespace",
            "few devices",
            "memory /tmp",
            "memory /var/tmp",
            "read-only",
            "write /tmp",
            "write /var/tmp",
            "hide /config",
        ]
    );
    assert!(strict.contains(&"hide /etc/shadow".to_owned()));
    let some = options(&of().writes("/run/x", "").sees("/dev", "").sees("/root", ""));
    assert_eq!(
        some[..7],
        [
            "namespace",
            "memory /tmp",
            "memory /var/tmp",
            "split /run/x",
            "read-only",
            "write /run/x",
            "write /tmp",
        ]
    );
    assert!(!some.contains(&"hide /root".to_owned()));
    assert!(some.contains(&"hide /state".to_owned()));
    assert_eq!(options(&of().shares_files("")), [""; 0]);
    let made = of().writes("/run/x", "");
    assert_eq!(folders(&made).collect::<Vec<_>>(), [Path::new("/run/x")]);
}

#[test]
fn what_is_kept_is_what_is_listed() {
    let confinement = Confinement::strict().may(&["sys_time", "chown"], "");
    let chosen = limits(&confinement).expect("limits");
    assert_eq!(chosen.capabilities, [0, 25]);
    assert!(chosen.no_new_privileges);
    let gains = limits(&confinement.gains_rights("")).expect("limits");
    assert!(!gains.no_new_privileges);
}

/// What a shell in these limits says; root may make mounts of its own.
fn say(confinement: &Confinement, script: &str) -> String {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    let launch = sys::Launch {
        limits: Some(limits(confinement).expect("limits")),
        ..sys::Launch::default()
    };
    let output = launch.apply(&mut command).output().expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).trim().to_owned()
}

/// The kernel is the judge: a child in the limits is refused what is not left to it, and does what is.
#[test]
fn a_confined_child_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("passed over: only root can make a view of its own");
    }
    let folder = tempfile::tempdir_in("/var/lib").expect("folder");
    let writes = folder.path().to_str().expect("text");
    let strict = Confinement::strict();
    let status =
        "grep -E '^(CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t\\n'";
    assert_eq!(
        say(&strict, status),
        "CapEff:0000000000000000CapBnd:0000000000000000NoNewPrivs:1Seccomp:2"
    );
    let some = strict.clone().may(&["net_admin"], "").gains_rights("");
    let net_admin = 1_u64 << Capability::named("net_admin").expect("known").number();
    assert_eq!(
        say(&some, status),
        format!("CapEff:{net_admin:016x}CapBnd:{net_admin:016x}NoNewPrivs:0Seccomp:2")
    );
    for (case, script, expected) in [
        ("read-only", "touch /usr/x 2>&1 | grep -c 'Read-only'", "1"),
        (
            "its own folder",
            &*format!("touch {writes}/x && echo done"),
            "done",
        ),
        ("its own /tmp", "ls -A /tmp; touch /tmp/x && ls /tmp", "x"),
        (
            "devices",
            "ls /dev | tr '\\n' ' '; echo ok >/dev/null && head -c1 /dev/zero | wc -c",
            "fd full null random stderr stdin stdout urandom zero 1",
        ),
        ("hidden", "ls -A /root 2>&1 | grep -c denied", "1"),
        ("passwords", "cat /etc/shadow", ""),
        (
            "kernel settings",
            "(echo 1 >/proc/sys/vm/drop_caches) 2>&1 | grep -c 'Read-only'",
            "1",
        ),
        (
            "mounting",
            "mount -t tmpfs none /tmp 2>&1 | grep -c -i -E 'denied|permitted|must be'",
            "1",
        ),
        (
            "another namespace",
            "unshare -m true 2>&1 | grep -c permitted",
            "1",
        ),
    ] {
        let confinement = strict.clone().writes(writes, "");
        assert_eq!(say(&confinement, script), expected, "{case}");
    }
    // With all capabilities, so that only the filter can be what refuses.
    let all: Vec<String> = Capability::in_mask(u64::MAX)
        .iter()
        .map(ToString::to_string)
        .collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let filtered = strict.clone().may(&names, "");
    let refused = "unshare -m true 2>&1 | grep -c permitted";
    assert_eq!(say(&filtered, refused), "1", "by the filter alone");
    let let_through = filtered.calls(&[Calls::Namespaces, Calls::Mounts], "");
    assert_eq!(say(&let_through, "unshare -m true 2>&1"), "", "not refused");
}
