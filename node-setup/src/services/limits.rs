//! What our services may do: each thing that is left to one, with its reason.

use init_api::{Calls, Confinement, paths};

/// Why some have all rights.
pub(super) const INSTALL: &str = "it writes a whole disk";
pub(super) const UPGRADE: &str = "it writes disks and boot entries, and runs the operator's checks";
pub(super) const STICK: &str = "it mounts a stick for the whole machine";
pub(super) const RESCUE: &str = "it runs a script that the keys of releases vouch for";
pub(super) const COMMANDS: &str = "it runs the operator's commands";
pub(super) const FORM: &str = "it writes the configuration, and reads disks and consoles";
pub(super) const MENU: &str = "it writes the partition table, and reads consoles";
pub(super) const LOGIN: &str = "who logs in is root on the node";
pub(super) const BACKUPS: &str = "it reads all of the state, and writes wherever `backup` says";

/// `nft`, which loads the base table.
pub(super) fn firewall() -> Confinement {
    Confinement::strict().may(&["net_admin"], "loads the packet filter")
}

/// It asks NetworkManager over D-Bus, and neighbours by a packet to each.
pub(super) fn last_resort() -> Confinement {
    Confinement::strict()
        .sees(paths::RUN, "the configuration in force")
        .writes(paths::RUN, "tells what it found")
}

/// It waits, and asks PID 1 to configure anew.
pub(super) fn trial() -> Confinement {
    Confinement::strict()
        .sees(paths::RUN, "PID 1's socket")
        .sees(paths::STATE, "the record of the trial")
        .writes(paths::RUN, "tells what it waits for")
        .writes(paths::STATE, "the record of the trial")
}

/// It reads what a server answers, and checks that with what CONFIG and sticks say.
pub(super) fn config_url() -> Confinement {
    let merged =
        "checks what it fetched together with what CONFIG and sticks say, and mounts those";
    fetching()
        .may(&["sys_admin"], merged)
        .calls(&[Calls::Mounts], merged)
        .sees("/dev", merged)
        .sees("/config", merged)
        .sees(
            "/etc/ssh",
            "checks the configuration against the files of the node",
        )
}

/// It reads what servers answer.
pub(super) fn fetching() -> Confinement {
    Confinement::strict()
        .sees(paths::RUN, "the configuration in force, and PID 1's socket")
        .sees(paths::STATE, "keeps what it fetched")
        .writes(paths::RUN, "tells what went wrong")
        .writes(paths::STATE, "keeps what it fetched")
}

/// It reads lists of keys from servers.
pub(super) fn ssh_keys() -> Confinement {
    fetching()
        .sees("/etc/ssh", "the keys that may log in")
        .writes("/etc/ssh/authorized_keys.d", "the keys that may log in")
}
