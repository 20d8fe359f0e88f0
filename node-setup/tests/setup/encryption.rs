//! `state.encryption` on a machine with a disk: a new one begins again, one that runs is told.

use crate::node::TestNode;
use disk::Sector;
use disk::gpt::{NewPartition, Table, create, derive_guid, types};
use init_api::{BootRecord, Partitions, Slot, Started, StateOutcome, paths};
use node_setup::Outcome;
use std::fs::File;

const SIZE: u64 = 64 << 20;
const FOUNDED: &str = r#"{"node_name":"edge-1","pods":"10.42.0.0/16","services":"10.43.0.0/16","domain":"cluster.local"}"#;

/// A machine with a TPM and a release that is signed for it, whose state partition lies in clear on a disk of its own.
fn machine(encryption: &str) -> TestNode {
    let node = TestNode::new(&format!(
        "version: 1\nhostname: edge-1\nstate: {{encryption: {encryption}}}\n"
    ));
    let state = NewPartition {
        name: "state".into(),
        type_guid: types::LINUX_DATA,
        guid: derive_guid(b"test", "state"),
        size: 1 << 20,
        attributes: 0,
    };
    let table = Table::plan(Sector::Bytes512, derive_guid(b"", ""), &[state], Some(SIZE)).unwrap();
    let disk = node.directory.path().join("vda");
    let mut file = File::create(&disk).unwrap();
    file.set_len(SIZE).unwrap();
    create(&mut file, &table).unwrap();
    let boot = BootRecord {
        slot: Slot::A,
        root_hash: String::new(),
        disk,
        partitions: Partitions::default(),
        state: StateOutcome::Clean,
        watchdog: None,
        started: Started::default(),
        trial: None,
        phases: Vec::new(),
    };
    init_api::store(node.root.path(paths::BOOT), &boot).unwrap();
    node.write("sys/class/tpmrm/tpmrm0", "");
    node.write(paths::SEALING_KEY.trim_start_matches('/'), "a key\n");
    node
}

#[test]
fn a_new_machine_begins_again() {
    assert_eq!(machine("tpm").configure(), Outcome::Encrypt);
    assert_eq!(machine("none").configure(), Outcome::Applied);
}

#[test]
fn a_node_that_runs_in_clear_is_told_and_is_less_than_asked() {
    for (encryption, in_clear) in [("tpm", true), ("none", false)] {
        let node = machine(encryption);
        node.write("var/lib/holdfast/cluster/founding.json", FOUNDED);
        assert_eq!(node.configure(), Outcome::Applied, "{encryption}");
        let warnings = node.warnings().join("\n");
        let told = warnings.contains("state is not encrypted, though `state.encryption` is `tpm`");
        assert_eq!(told, in_clear, "{encryption}: {warnings}");
        assert_eq!(node.configured().in_clear, in_clear, "{encryption}");
    }
}
