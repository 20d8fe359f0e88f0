//! From an install stick to a Ready node on an internal disk, on a machine without a network card.

use anyhow::ensure;
use machine::{Bus, Card, Hardware, Network, Processor, Spec, Vm, Watchdog};
use std::time::{Duration, Instant};
use vm_tests::{Node, Random, Stage};

/// The board.
const NUC: &str = "nuc";
/// What the stick asks for, besides what the machine does afterwards.
const CONFIG: &str = "version: 1\n# Its name.\nhostname: shop\ninstall:\n  disk: {bus: nvme}\n";
/// How long a stick may take, under emulation on a busy host, to boot and to install.
const INSTALLED_WITHIN: u64 = 900;

/// What is said when all is written, and read back.
const DONE: &str = "power off was asked for";
/// How often the stick is pulled out: each time costs a start of the stick.
const PULLED_OUT: u32 = 4;
/// After this a stick may have been read to its end, and the system is whole without it.
const LONGEST_MILLIS: u64 = 12_000;

fn spec(large_sectors: bool) -> Spec {
    let hardware = Hardware {
        bus: Bus::Nvme,
        card: Card::E1000e,
        watchdog: Watchdog::Itco,
        large_sectors,
        ..Hardware::default()
    };
    Spec {
        hardware,
        processor: Processor::V3,
        network: Network::Absent,
        install_stick: true,
        ..Stage::spec()
    }
}

/// Waits until the installer has asked for the end, which it does when all is done: the console page, drawn once a second, may not
/// come to say so. The console must have shown how far it had come.
pub(crate) fn wait_installed(stage: &mut Stage, node: &mut Node, last: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    node.wait_for_text(last, INSTALLED_WITHIN)?;
    stage.note(format!(
        "installed {} s after the stick was started",
        begun.elapsed().as_secs()
    ));
    let console = node.console();
    for expected in [
        "onto /dev/nvme0n1 (",
        "writing the system, ",
        "reading back the system",
    ] {
        ensure!(
            console.contains(expected),
            "the console does not say {expected:?}"
        );
    }
    ensure!(
        !console.contains("service kubelet started"),
        "a cluster was started"
    );
    Ok(())
}

/// Boots the disk without the stick.
fn ready_from_the_disk(stage: &mut Stage, vm: &mut Vm) -> anyhow::Result<Vm> {
    vm.change(|spec| spec.install_stick = false)?;
    let mut node = stage.start(vm)?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready from the disk {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    runs_from_the_disk(&mut node, "shop")?;
    node.power_down()
}

pub(crate) fn runs_from_the_disk(node: &mut Node, name: &str) -> anyhow::Result<()> {
    node.wait_for_text(&format!("node {name} is Ready"), 60)?;
    let console = node.console();
    let disk = "booted from /dev/nvme0n1";
    ensure!(console.contains(disk), "the console does not say {disk:?}");
    Ok(())
}

/// Starts the machine with the stick in it, once more, with this configuration on it; gives the node when the console has said that.
fn with_the_stick(
    stage: &Stage,
    vm: &mut Vm,
    config: &str,
    expected: &[&str],
) -> anyhow::Result<Node> {
    vm.change(|spec| spec.install_stick = true)?;
    vm.configure_stick(config)?;
    let mut node = stage.start(vm)?;
    // Several may stand in one line, which is waited for once.
    if let Some(last) = expected.last() {
        node.wait_for_text(last, 300)?;
    }
    let console = node.console();
    for text in expected {
        ensure!(console.contains(text), "the console does not say {text:?}");
    }
    Ok(node)
}

/// Installed, started without the stick; then the stick again: another configuration on it is refused, as the disk has data.
pub(crate) fn from_a_stick_onto_nvme(stage: &mut Stage) -> anyhow::Result<()> {
    let config = format!("{CONFIG}  then: power-off\n");
    let mut vm = stage.machine_with_install_stick(NUC, spec(false), Some(&config))?;
    let mut node = stage.start(&vm)?;
    wait_installed(stage, &mut node, "power off was asked for")?;
    node.wait_for_end(120)?;
    drop(node);
    ensure!(
        vm.config()? == "version: 1\n# Its name.\nhostname: shop\n",
        "the disk's config.yaml is {:?}",
        vm.config()?
    );
    ready_from_the_disk(stage, &mut vm)?;

    let other = format!("{config}# another shop\n");
    let refused = [
        "no disk can be taken",
        "it has data (Holdfast",
        "`wipe: true` below `install:`",
    ];
    let node = with_the_stick(stage, &mut vm, &other, &refused)?;
    node.power_cut()?;
    Ok(())
}

/// The same on sectors of 4096 bytes, with the stick left in: it does not install again, whatever `wipe` says, but gives the machine
/// to its disk at each start.
pub(crate) fn onto_large_sectors_with_the_stick_left_in(stage: &mut Stage) -> anyhow::Result<()> {
    let config = format!("{CONFIG}  wipe: true\n");
    let vm = stage.machine_with_install_stick(NUC, spec(true), Some(&config))?;
    let mut node = stage.start(&vm)?;
    wait_installed(stage, &mut node, "reboot was asked for")?;
    node.next_boot()?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready from the disk {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    runs_from_the_disk(&mut node, "shop")?;
    // Power that comes and goes: the firmware takes the stick first.
    let vm = node.power_cut()?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text("the machine starts from its disk", 600)?;
    node.next_boot()?;
    node.wait_ready(15)?;
    runs_from_the_disk(&mut node, "shop")?;
    node.power_down()?;
    Ok(())
}

/// What is typed at the serial console, each after a line that was waited for.
const TYPED: [(&str, &str); 7] = [
    ("Press Enter at the machine's console", ""),
    ("Where shall the system run?", "1"),
    ("Name of the machine [", "Shop"),
    ("is not a host name", "shop"),
    ("addresses by DHCP", ""),
    ("Who may log in by ssh", ""),
    ("Write it, so that this machine installs?", "yes"),
];

/// A stick without a configuration, and a person at the serial console.
pub(crate) fn by_the_form_on_the_console(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine_with_install_stick(NUC, spec(false), None)?;
    let mut node = stage.start(&vm)?;
    for (said, typed) in TYPED {
        node.wait_for_text(said, 600)?;
        node.type_line(typed)?;
    }
    wait_installed(stage, &mut node, "reboot was asked for")?;
    node.next_boot()?;
    node.wait_ready(15)?;
    runs_from_the_disk(&mut node, "shop")?;
    node.power_down()?;
    Ok(())
}

/// A stick that is pulled out while it installs, again and again: the machine says so, never takes half a system for one, and the next
/// start with the stick in installs it whole.
pub(crate) fn with_the_stick_pulled_out(stage: &mut Stage) -> anyhow::Result<()> {
    let config = format!("{CONFIG}  then: power-off\n");
    let mut vm = stage.machine_with_install_stick(NUC, spec(false), Some(&config))?;
    let mut random = Random::from_environment();
    stage.note(format!("HOLDFAST_SEED={}", random.seed()));
    let mut node = stage.start(&vm)?;
    let mut whole = false;
    for number in 1..=PULLED_OUT {
        node.wait_for_text("onto /dev/nvme0n1 (", INSTALLED_WITHIN)?;
        // The first is taken before anything can be whole.
        let longest = LONGEST_MILLIS * u64::from(number) / u64::from(PULLED_OUT);
        let moment = Duration::from_millis(random.below(longest));
        // The moment is what is tried: nothing can be waited for.
        node.let_run(moment, |_| ())?;
        node.pull_install_stick()?;
        whole = node.wait_for_text(DONE, 60).is_ok();
        if whole {
            stage.note(format!("whole {} ms after it began", moment.as_millis()));
            ensure!(number > 1, "nothing was broken off");
            break;
        }
        ensure!(
            node.console().contains("The install stick was pulled out"),
            "the console does not say that the stick is out"
        );
        stage.note(format!("pulled out after {} ms", moment.as_millis()));
        vm = node.power_cut()?;
        node = stage.start(&vm)?;
    }
    if !whole {
        wait_installed(stage, &mut node, DONE)?;
    }
    node.wait_for_end(120)?;
    drop(node);
    ready_from_the_disk(stage, &mut vm)?;
    Ok(())
}
