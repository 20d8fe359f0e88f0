//! The harness against a machine with an empty disk: only its firmware speaks.

use std::fs::File;
use std::path::Path;

use machine::{
    Bus, Cache, Card, Deadline, Hardware, Network, Platform, Process, Qemu, Snapshot, Spec, Vm,
    Watchdog,
};

/// What the firmware says when it found nothing to boot.
const NOTHING_TO_BOOT: &str = "BdsDxe:";

fn machine(folder: &Path) -> Result<(Vm, Qemu), Box<dyn std::error::Error>> {
    let qemu = Qemu::find(Platform::Q35)?;
    let image = folder.join("empty.img");
    File::create(&image)?.set_len(1 << 20)?;
    let spec = Spec {
        cpus: 1,
        memory_mib: 256,
        disk_gib: 1,
        network: Network::Offline,
        ..Spec::default()
    };
    Ok((Vm::create(&folder.join("vm"), &image, spec, &qemu)?, qemu))
}

#[test]
fn a_machine_starts_is_found_again_and_loses_power() {
    let folder = tempfile::tempdir().unwrap();
    let (vm, qemu) = machine(folder.path()).unwrap();
    assert!(vm.running().unwrap().is_none());
    let mut running = vm.start("holdfast-firmware", &qemu).unwrap().owned();
    running
        .wait_for_text(NOTHING_TO_BOOT, Deadline::minutes(2))
        .unwrap();
    assert!(
        vm.start("holdfast-firmware", &qemu)
            .unwrap_err()
            .to_string()
            .contains("is running")
    );

    let found = Vm::open(vm.dir())
        .unwrap()
        .unwrap()
        .running()
        .unwrap()
        .unwrap();
    assert_eq!(found.ports(), running.ports());
    assert_eq!(
        found.qmp().unwrap().execute("query-status", None).unwrap()["status"],
        "running"
    );
    found.power_cut().unwrap();
    assert!(vm.running().unwrap().is_none());

    let mut again = vm.start("holdfast-firmware", &qemu).unwrap().owned();
    assert!(
        again.console().lines().is_empty(),
        "a new run must not see the lines of the old one"
    );
    again
        .wait_for_text(NOTHING_TO_BOOT, Deadline::minutes(2))
        .unwrap();
    again.quit().unwrap();
    assert!(vm.running().unwrap().is_none());
}

/// What emulates the TPM of the machine that was started last.
fn emulator(vm: &Vm) -> Option<Process> {
    let written = std::fs::read_to_string(vm.dir().join("tpm.pid")).ok()?;
    Process::open(written.trim().parse().ok()?)
}

#[test]
fn a_tpm_ends_with_its_machine_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vm, qemu) = machine(folder.path()).unwrap();
    vm.change(|spec| spec.tpm = true).unwrap();
    let kept = vm.dir().join("tpm/tpm2-00.permall");
    let start = || vm.start("holdfast-tpm", &qemu).unwrap().owned();

    let mut running = start();
    let first = emulator(&vm).unwrap();
    running
        .wait_for_text(NOTHING_TO_BOOT, Deadline::minutes(2))
        .unwrap();
    let seen = running.qmp().unwrap().execute("query-tpm", None).unwrap();
    assert_eq!(seen[0]["model"], "tpm-crb", "{seen}");
    running.power_cut().unwrap();
    assert!(first.ended(), "after a power cut");
    assert!(kept.is_file(), "it kept nothing");

    let running = start();
    let second = emulator(&vm).unwrap();
    assert_ne!(second.pid(), first.pid());
    assert!(vm.exchange_tpm().is_err(), "while the machine runs");
    drop(running);
    assert!(second.ended(), "with the one who owned it");
    assert!(kept.is_file(), "a restart must not lose what it kept");

    vm.exchange_tpm().unwrap();
    assert!(!kept.exists());
    start().quit().unwrap();
    assert!(kept.is_file());
    assert!(emulator(&vm).unwrap().ended(), "in order");
}

#[test]
fn a_tpm_does_not_wait_for_a_qemu_that_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vm, qemu) = machine(folder.path()).unwrap();
    vm.change(|spec| spec.tpm = true).unwrap();
    for program in ["/bin/false", "/no/such/program"] {
        let broken = Qemu {
            program: program.into(),
            ..qemu.clone()
        };
        vm.start("holdfast-refused", &broken).unwrap_err();
        let left = emulator(&vm);
        assert!(left.is_none_or(|process| process.ended()), "{program}");
    }
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (vm, qemu) = machine(folder.path()).unwrap();
    vm.ssh_key().unwrap();
    let mut running = vm.start("holdfast-frozen", &qemu).unwrap().owned();
    running
        .wait_for_text(NOTHING_TO_BOOT, Deadline::minutes(2))
        .unwrap();
    let snapshot = Snapshot::take(running).unwrap();
    assert!(vm.running().unwrap().is_none());
    for copy in ["one", "two"] {
        let resumed = snapshot
            .resume(
                &folder.path().join(copy),
                "holdfast-thawed",
                Cache::Recorded,
                &qemu,
            )
            .unwrap()
            .owned();
        assert_eq!(
            resumed
                .qmp()
                .unwrap()
                .execute("query-status", None)
                .unwrap()["status"],
            "running",
            "{copy}"
        );
        resumed.quit().unwrap();
    }
}

#[test]
fn qemu_has_the_hardware_of_every_board() {
    let folder = tempfile::tempdir().unwrap();
    let (mut vm, qemu) = machine(folder.path()).unwrap();
    for (bus, card, watchdog) in [
        (Bus::Virtio, Card::Virtio, Watchdog::I6300esb),
        (Bus::Nvme, Card::E1000e, Watchdog::Itco),
        (Bus::Ahci, Card::Igb, Watchdog::Itco),
        (Bus::Usb, Card::E1000e, Watchdog::Itco),
    ] {
        let hardware = Hardware {
            bus,
            card,
            watchdog,
            ..Hardware::default()
        };
        vm.change(|spec| spec.hardware = hardware).unwrap();
        // QEMU goes into the background only when it has made all devices.
        let running = vm
            .start("holdfast-hardware", &qemu)
            .unwrap_or_else(|error| panic!("{hardware:?}: {error}"))
            .owned();
        running.quit().unwrap();
    }
}
