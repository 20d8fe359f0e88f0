use super::*;
use crate::{Accel, Card, Firmware, Images, Platform, Watchdog};

fn line(spec: &Spec) -> String {
    let images = |name: &str| Images {
        code: format!("/fw/{name},b.fd").into(),
        vars: "/fw/vars.fd".into(),
    };
    let firmware = Firmware {
        plain: images("a"),
        secure_boot: Some(images("s")),
    };
    let qemu = Qemu {
        program: "qemu".into(),
        accel: Accel::Tcg,
        firmware: (!spec.hardware.platform.is_raspberry_pi()).then_some(firmware),
    };
    spec.arguments("t", Path::new("/d"), &qemu, Ports { ssh: 1, api: 2 })
        .unwrap()
        .join(" ")
}

#[test]
fn what_is_asked_for_is_on_the_command_line() {
    let unusual = Spec {
        cpus: 1,
        memory_mib: 1024,
        network: Network::Absent,
        clock: Clock::At("2099-01-01T00:00:00".to_owned()),
        cache: Cache::Unsafe,
        stick: true,
        secure_boot: true,
        tpm: true,
        processor: Processor::V3,
        kernel_arguments: vec!["mitigations=off".to_owned(), "a=b,c".to_owned()],
        ..Spec::default()
    };
    let board = Spec {
        second_card: true,
        hardware: Hardware {
            bus: Bus::Nvme,
            card: Card::E1000e,
            watchdog: Watchdog::Itco,
            ..Hardware::default()
        },
        ..Spec::default()
    };
    let installer = Spec {
        hardware: Hardware {
            large_sectors: true,
            ..board.hardware
        },
        install_stick: true,
        ..Spec::default()
    };
    let arm = Spec {
        tpm: true,
        hardware: Hardware {
            platform: Platform::Virt,
            ..Hardware::default()
        },
        ..Spec::default()
    };
    let pi = Spec {
        network: Network::Offline,
        hardware: Hardware {
            platform: Platform::Raspi4b,
            bus: Bus::Sd,
            card: Card::Usb,
            watchdog: Watchdog::None,
            ..Hardware::default()
        },
        ..Spec::default()
    };
    for (name, spec, wanted) in [
        ("processors", &unusual, "-smp 1 -m 1024"),
        ("no card", &unusual, "-nic none"),
        ("clock", &unusual, "-rtc base=2099-01-01T00:00:00,clock=vm"),
        ("cache", &unusual, "cache=unsafe"),
        ("a comma in a path", &Spec::default(), "file=/fw/a,,b.fd"),
        (
            "firmware that checks signatures",
            &unusual,
            "-machine q35,graphics=off,smm=on -global driver=cfi.pflash01,property=secure,value=on",
        ),
        ("its code", &unusual, "file=/fw/s,,b.fd"),
        (
            "a TPM",
            &unusual,
            "-chardev socket,id=tpm,path=tpm.sock -tpmdev emulator,id=tpm,chardev=tpm -device tpm-crb,tpmdev=tpm",
        ),
        (
            "a TPM without an Intel chipset",
            &arm,
            "-device tpm-tis-device,tpmdev=tpm",
        ),
        (
            "a stick",
            &unusual,
            "-device qemu-xhci,id=usb -drive if=none,id=stick,format=raw,file=/d/stick.img -device usb-storage,bus=usb.0,drive=stick",
        ),
        (
            "a disk that comes second",
            &installer,
            "-device nvme,drive=disk,serial=holdfast,bootindex=1,logical_block_size=4096,physical_block_size=4096 ",
        ),
        (
            "an install stick",
            &installer,
            "-device qemu-xhci,id=usb -drive if=none,id=install,format=qcow2,cache=unsafe,file=/d/install-stick.qcow2 -device usb-storage,bus=usb.0,drive=install,id=install-stick,serial=stick,removable=on,bootindex=0",
        ),
        (
            "emulation",
            &Spec::default(),
            "-accel tcg,thread=multi -cpu qemu64,",
        ),
        (
            "a processor of another model",
            &unusual,
            "-accel tcg,thread=multi -cpu Haswell-v4 ",
        ),
        (
            "arguments of the kernel",
            &unusual,
            "-smbios type=11,value=io.systemd.stub.kernel-cmdline-extra=mitigations=off a=b,,c",
        ),
        ("card", &Spec::default(), "virtio-net-pci"),
        ("watchdog", &Spec::default(), "-device i6300esb"),
        ("a watchdog that bites", &unusual, "-action watchdog=reset"),
        (
            "another kind of machine",
            &arm,
            "-machine virt,gic-version=max -accel tcg,thread=multi -cpu cortex-a72 ",
        ),
        ("a board's card", &board, "-device e1000e,"),
        (
            "a second card of the same kind",
            &board,
            "-device e1000e,id=card1,",
        ),
        ("a board's disk", &board, "-device nvme,drive=disk,"),
        (
            "a board's watchdog",
            &board,
            "-global ICH9-LPC.noreboot=off",
        ),
        (
            "a Raspberry Pi's processors",
            &pi,
            "-machine raspi4b -accel tcg,thread=single -cpu cortex-a72 ",
        ),
        (
            "its card",
            &pi,
            "-drive if=sd,index=0,id=disk,format=qcow2,",
        ),
        (
            "its serial port, and what it starts",
            &pi,
            "-serial chardev:serial -serial chardev:serial -kernel /d/u-boot.bin -dtb /d/board.dtb -action",
        ),
    ] {
        assert!(line(spec).contains(wanted), "{name}: {}", line(spec));
    }
}
