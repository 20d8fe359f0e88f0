//! What helps when a machine is in trouble or lost: the support bundle, a backup and its restore, the reset.

use std::process::Command;

use anyhow::{Context, ensure};
use vm_tests::{Node, Stage, probe_manifest};

use crate::config_change::config;

const FILE: &str = "/run/new.yaml";
/// A word that is in every secret of [`secrets`], and nowhere else on the node.
const WORD: &str = "hushhush";

/// One secret of each kind that does no harm on this node.
fn secrets() -> String {
    format!(
        "password: {WORD}-password\nenvironment: {{API_TOKEN: {WORD}-environment}}\nwrite_files:\n- path: /root/hidden\n  \
         permissions: '0600'\n  content: |\n    key = {WORD}-content\nregistries:\n  configs:\n    mirror.example:\n      auth: {{username: \
         puller, password: {WORD}-registry}}\nmanifests:\n- name: hidden.yaml\n  content: |\n    apiVersion: v1\n    kind: Secret\n    \
         metadata: {{name: hidden}}\n    stringData: {{p: {WORD}-manifest}}\n"
    )
}

pub(crate) fn a_support_bundle_has_no_secret(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let noisy =
        format!("run_commands: ['echo wrong: {WORD}-password {WORD}-content {WORD}-registry']\n");
    node.write(FILE, &config(&node, &format!("{}{noisy}", secrets()))?)?;
    node.ssh(&format!("holdfast config apply {FILE} && rm {FILE}"))?;
    // Commands run at a boot.
    node.reboot(15)?;
    node.wait_for_system()?;
    node.until("the secrets in a log", 120, |node| {
        node.ssh(&format!(
            "grep -q {WORD}-registry /run/log/holdfast/run-commands.log"
        ))
    })?;
    let said = node.ssh("holdfast support-bundle && mkdir /tmp/b && tar -xzf /tmp/holdfast-support-*.tar.gz -C /tmp/b")?;
    stage.note(said.trim().to_owned());
    let (code, found) = node.try_ssh(&format!("grep -rn {WORD} /tmp/b"))?;
    ensure!(code == 1, "the bundle holds a secret: {found}");
    let at = "/tmp/b/holdfast-support";
    for (file, expected) in [
        ("logs/run-commands.log", "wrong: (redacted)"),
        ("config/in-force.yaml", "hostname"),
        ("status.txt", "kubelet"),
        ("kernel/log.txt", "Linux version"),
        ("cluster/nodes.yaml", "kind: Node"),
        ("cluster/events.txt", "kube-system"),
        ("upgrade/status.txt", "slot"),
        ("disk/space.txt", "/state"),
        ("network/addresses.txt", "link/"),
    ] {
        let held = node.ssh(&format!("cat {at}/{file}"));
        let held =
            held.with_context(|| node.ssh(&format!("cat {at}/index.txt")).unwrap_or_default())?;
        ensure!(
            held.contains(expected),
            "{file} has no {expected:?}: {held}"
        );
    }
    node.power_down()?;
    Ok(())
}

/// What makes a node itself, as far as nobody gave it by hand.
fn identity(node: &Node) -> anyhow::Result<String> {
    let files = node.ssh(
        "cat /etc/machine-id /var/lib/holdfast/ssh/*.pub && sha256sum /var/lib/holdfast/cluster/pki/*.crt",
    )?;
    let path = "-o=jsonpath={.metadata.uid}";
    let cluster = node
        .kubectl()?
        .run(&["get", "namespace", "kube-system", path])?;
    Ok(format!("{files}{cluster}"))
}

fn printed(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("{program}: tools/setup installs it"))?;
    Ok(String::from_utf8(output.stdout)?)
}

pub(crate) fn a_backup_brings_a_lost_node_back(stage: &mut Stage) -> anyhow::Result<()> {
    let key = printed("age-keygen", &[])?;
    let public = key
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    let public = public.context("age-keygen prints a public key")?;
    let node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let before = identity(&node)?;
    let said = node.ssh(&format!("holdfast backup --to /tmp --recipient {public}"))?;
    stage.note(said.trim().to_owned());
    let backup = node.ssh("base64 /tmp/holdfast-backup-*.age")?;
    // The disk is lost: it is not looked at again.
    node.power_down()?;

    let vm = stage.machine(Stage::spec(), None)?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(15)?;
    ensure!(
        identity(&node)? != before,
        "another machine is another node"
    );
    node.write("/tmp/key", &key)?;
    node.write("/tmp/backup.b64", &backup)?;
    node.ssh("base64 -d /tmp/backup.b64 > /tmp/backup.age && head -c 3000 /tmp/backup.age > /tmp/cut.age")?;
    let restore =
        |file: &str| format!("holdfast restore {file} --identity /tmp/key --keep-config --yes");
    let (code, said) = node.try_ssh(&restore("/tmp/cut.age"))?;
    ensure!(
        code == 1 && said.contains("cut off"),
        "a backup that is cut off: {code}: {said}"
    );
    node.reboot_by(&restore("/tmp/backup.age"))?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready {:.0} s after the machine was started",
        took.as_secs_f64()
    ));
    let after = identity(&node)?;
    ensure!(after == before, "it is another node: {before} {after}");
    node.wait_available("default", "deployment/probe")?;
    node.power_down()?;
    Ok(())
}

pub(crate) fn a_reset_machine_begins_again(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.kubectl()?
        .run(&["create", "configmap", "before", "--from-literal=a=b"])?;
    let before = identity(&node)?;
    let (code, said) = node.try_ssh("holdfast reset --keep-config")?;
    ensure!(
        code == 1 && said.contains("--yes"),
        "without a confirmation: {code}: {said}"
    );
    node.reboot_by("holdfast reset --keep-config --yes")?;
    node.wait_ready(15)?;
    let after = identity(&node)?;
    for line in before.lines() {
        ensure!(!after.contains(line), "the reset left {line}");
    }
    let kubectl = node.kubectl()?;
    let left = kubectl.run(&["get", "configmap", "--all-namespaces", "-o=name"])?;
    ensure!(!left.contains("before"), "the reset left an object: {left}");
    drop(kubectl);

    reset_from_the_boot_menu(&mut node)?;
    node.wait_for_text("There is no config.yaml on the CONFIG partition", 600)?;
    let vm = node.power_down()?;
    // Whoever places a configuration has a node again.
    vm.place_config(&Stage::config(&vm)?)?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(15)?;
    node.power_down()?;
    Ok(())
}

/// What a person at the console sees, and types then.
const TYPED: [(&str, &str); 3] = [
    ("Press Enter at the machine's console", ""),
    ("reset: as it was flashed", "4"),
    ("Type `reset` to go on", "reset"),
];

/// The space bar brings the menu, the second entry is below the first.
fn reset_from_the_boot_menu(node: &mut Node) -> anyhow::Result<()> {
    let (code, said) = node.try_ssh("holdfast reboot")?;
    ensure!(code == 0 || code == 255, "exit code {code}: {said}");
    // Not before: a serial port that is full when the machine is reset stays so until a kernel reads from it.
    node.wait_for_text("BdsDxe: starting", 300)?;
    // One down, and Enter.
    node.boot_by_menu(" ", "maintenance mode, reset", "j\r")?;
    for (said, typed) in TYPED {
        node.wait_for_text(said, 600)?;
        node.type_line(typed)?;
    }
    node.next_boot()
}
