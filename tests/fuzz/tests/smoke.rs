//! Every target for a few seconds, each a test of its own; `HOLDFAST_FUZZ_SECONDS=60` for longer.

use fuzz_targets::{Budget, TARGETS, find, smoke};

fn run(name: &str) {
    let seconds = std::env::var("HOLDFAST_FUZZ_SECONDS").ok();
    let budget = Budget::from_seconds(seconds.as_deref()).unwrap_or_else(|error| panic!("{error}"));
    let target = find(name).unwrap_or_else(|| panic!("no target {name}"));
    match smoke(target, budget) {
        Ok(count) => {
            println!("{name}: {count} inputs");
            assert!(count > 100, "{name} is too slow: {count} inputs");
        }
        Err(failure) => panic!("{name}: {failure}"),
    }
}

macro_rules! targets {
    ($($function:ident = $name:literal),* $(,)?) => {
        $(#[test] fn $function() { run($name); })*
        const TESTED: &[&str] = &[$($name),*];
    };
}

targets! {
    backup = "backup",
    apt_output = "apt-output",
    authorities = "authorities",
    board = "board",
    config = "config",
    config_command_line = "config-command-line",
    deb_archive = "deb-archive",
    elf = "elf",
    fat = "fat",
    gpt = "gpt",
    gpt_large_sectors = "gpt-large-sectors",
    init_efi_variable = "init-efi-variable",
    init_kernel_crash = "init-kernel-crash",
    init_modules = "init-modules",
    init_requests = "init-requests",
    init_state_superblock = "init-state-superblock",
    init_uevent = "init-uevent",
    k3os_config = "k3os-config",
    lock = "lock",
    manifest = "manifest",
    modules_index = "modules-index",
    node_volume = "node-volume",
    release_blocks = "release-blocks",
    release_delta = "release-delta",
    release_list = "release-list",
    release_manifest = "release-manifest",
    rescue_order = "rescue-order",
    root_parameters = "root-parameters",
    signature_lists = "signature-lists",
    signed_program = "signed-program",
    slot_record = "slot-record",
    ssh_keys = "ssh-keys",
    uki = "uki",
    verity = "verity",
    verity_superblock = "verity-superblock",
}

/// A target that no test and no libFuzzer program runs would be forgotten in silence.
#[test]
fn every_target_is_run_by_both() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/fuzz_targets");
    let manifest =
        std::fs::read_to_string(folder.join("../Cargo.toml")).expect("libfuzzer/Cargo.toml");
    for target in TARGETS {
        assert!(TESTED.contains(&target.name), "{} has no test", target.name);
        let program = std::fs::read_to_string(folder.join(format!("{}.rs", target.name)));
        let program = program.unwrap_or_else(|error| panic!("{}: {error}", target.name));
        assert!(
            program.contains(&format!("\"{}\"", target.name)),
            "{program}"
        );
        assert!(
            manifest.contains(&format!("name = \"{}\"", target.name)),
            "{} is not in libfuzzer/Cargo.toml",
            target.name
        );
    }
}
