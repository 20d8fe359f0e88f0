//! Kernel, environment, files.

use os_config::{EnvName, FileMode, ModuleName, Owner, SysctlKey, WritablePath};

use super::{same, table};

#[test]
fn system_values() {
    table(
        ModuleName::parse,
        &same(&["br_netfilter", "nvme-tcp"]),
        &["", "a b", "a.ko", "../a"],
    );
    table(
        SysctlKey::parse,
        &same(&[
            "net.ipv4.ip_forward",
            "net/ipv4/conf/eth0.7/rp_filter",
            "vm.swappiness",
        ]),
        &["", "a", "a.", ".a", "a..b", "a b.c"],
    );
    table(
        EnvName::parse,
        &same(&["A", "_a1"]),
        &["", "1A", "A-B", "A=B"],
    );
    table(
        WritablePath::parse,
        &same(&["/etc/motd", "/usr/local/bin/x", "/var/lib/a b", "/run/..a"]),
        &[
            "",
            "etc/a",
            "/",
            "/etc",
            "/etc/",
            "/usr/bin/a",
            "/etc/../a",
            "/etc/./a",
            "/etc//a",
            "/etcetera/a",
            "/usr/localx/a",
            "/etc/a\0",
            "/var/lib/holdfast/x",
            "/run/holdfast/config.json",
        ],
    );
    table(
        Owner::parse,
        &[
            ("root", "root:root"),
            ("1000:1000", "1000:1000"),
            ("a:b", "a:b"),
        ],
        &["", ":", "a:", ":b", "a:b:c", "a b"],
    );
    for (text, bits) in [
        ("0644", 0o644),
        ("644", 0o644),
        ("0o600", 0o600),
        ("4755", 0o4755),
    ] {
        assert_eq!(FileMode::parse(text).expect(text).bits(), bits);
    }
    for text in ["", "8", "0", "999", "77777", "rw-r--r--", "-644", "0x1ff"] {
        assert!(FileMode::parse(text).is_err(), "{text}");
    }
}
