//! Changing the configuration of a node that runs.

use anyhow::ensure;
use vm_tests::{Node, Stage};

const NEW: &str = "/run/new.yaml";

/// Waits until the node has (or no longer has, when empty) this value of the label `site`.
fn wait_for_site(node: &Node, value: &str, seconds: u64) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    node.until(&format!("the label site={value:?}"), seconds, |_| {
        let site = kubectl.run(&[
            "get",
            "nodes",
            "-o",
            "jsonpath={.items[0].metadata.labels.site}",
        ])?;
        ensure!(site == value, "the label is {site:?}");
        Ok(())
    })
}

/// What a refused change must leave as it is: the file, what was made of it, and how often that was done.
fn configured(node: &Node) -> anyhow::Result<String> {
    let asked = node.ssh("cat /config/config.yaml /run/holdfast/config.json && stat -c %y /run/holdfast/configured.json")?;
    let site = node.kubectl()?.run(&[
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[0].metadata.labels.site}",
    ])?;
    Ok(format!("{asked}\nlabel site={site}"))
}

pub(crate) fn config(node: &Node, more: &str) -> anyhow::Result<String> {
    Ok(Stage::config(node.vm())? + more)
}

pub(crate) fn config_changes_of_a_running_node(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    stage.judge(
        &mut node,
        &[
            (
                "config apply --try goes back by itself",
                a_trial_goes_back_by_itself,
            ),
            (
                "a trial is confirmed, another taken back",
                a_trial_is_confirmed_or_taken_back,
            ),
            ("config apply takes effect", apply_takes_effect),
            ("a wrong file changes nothing", a_wrong_file_changes_nothing),
        ],
    )?;
    let kept = node.power_down()?.config()?;
    ensure!(
        kept.contains("site: berlin"),
        "the CONFIG partition holds {kept:?}"
    );
    Ok(())
}

fn apply_takes_effect(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.write(
        NEW,
        &config(
            node,
            "labels: {site: berlin}\nsysctls: {vm.swappiness: 7}\n",
        )?,
    )?;
    let said = node.ssh(&format!("holdfast config apply {NEW}"))?;
    stage.note(said.lines().next().unwrap_or_default().to_owned());
    wait_for_site(node, "berlin", 120)?;
    node.until("the kernel setting", 60, |node| {
        let value = node.ssh("cat /proc/sys/vm/swappiness")?;
        ensure!(value.trim() == "7", "vm.swappiness is {value}");
        Ok(())
    })?;

    Ok(())
}

/// And it says where it is wrong.
fn a_wrong_file_changes_nothing(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let before = configured(node)?;
    node.write(NEW, &config(node, "labels: {site: hamburg}\nhostnam: x\n")?)?;
    let (code, said) = node.try_ssh(&format!("holdfast config apply {NEW}"))?;
    ensure!(code == 3, "a wrong file: exit code {code}: {said}");
    ensure!(
        said.contains("hostnam") && said.contains("hostname"),
        "the message names neither key: {said}"
    );
    let after = configured(node)?;
    ensure!(
        before == after,
        "a file that was refused changed\n{before}\ninto\n{after}"
    );
    Ok(())
}

fn try_site(node: &Node, site: &str, time: &str) -> anyhow::Result<()> {
    node.write(NEW, &config(node, &format!("labels: {{site: {site}}}\n"))?)?;
    node.ssh(&format!("holdfast config apply --try {time} {NEW}"))?;
    wait_for_site(node, site, 60)
}

/// The file that lasts.
pub(crate) fn kept(node: &Node) -> anyhow::Result<String> {
    node.ssh("cat /config/config.yaml")
}

fn a_trial_goes_back_by_itself(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let before = kept(node)?;
    try_site(node, "trial", "60s")?;
    wait_for_site(node, "", 180)?;
    ensure!(kept(node)? == before, "a trial wrote {:?}", kept(node)?);
    Ok(())
}

fn a_trial_is_confirmed_or_taken_back(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    try_site(node, "better", "10m")?;
    node.ssh("holdfast config confirm")?;
    ensure!(
        kept(node)?.contains("site: better"),
        "confirmed, but CONFIG holds {:?}",
        kept(node)?
    );
    try_site(node, "worse", "10m")?;
    node.ssh("holdfast config revert")?;
    wait_for_site(node, "better", 60)
}
