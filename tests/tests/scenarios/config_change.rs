//! Changing the configuration of a node that runs.

use anyhow::ensure;
use vm_tests::{Node, Stage, scenario};

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

fn config(node: &Node, more: &str) -> anyhow::Result<String> {
    Ok(Stage::config(node.vm())? + more)
}

#[test]
fn config_apply_takes_effect_and_lasts() -> anyhow::Result<()> {
    scenario("config_apply_takes_effect_and_lasts", |stage| {
        let node = stage.ready_node()?;
        node.write(
            NEW,
            &config(
                &node,
                "labels: {site: berlin}\nsysctls: {vm.swappiness: 7}\n",
            )?,
        )?;
        let said = node.ssh(&format!("holdfast config apply {NEW}"))?;
        stage.note(said.lines().next().unwrap_or_default().to_owned());
        wait_for_site(&node, "berlin", 120)?;
        node.until("the kernel setting", 60, |node| {
            let value = node.ssh("cat /proc/sys/vm/swappiness")?;
            ensure!(value.trim() == "7", "vm.swappiness is {value}");
            Ok(())
        })?;

        // A file with an error changes nothing and says where it is.
        node.write(
            NEW,
            &config(&node, "labels: {site: hamburg}\nhostnam: x\n")?,
        )?;
        let (code, said) = node.try_ssh(&format!("holdfast config apply {NEW}"))?;
        ensure!(code == 3, "a wrong file: exit code {code}: {said}");
        ensure!(
            said.contains("hostnam") && said.contains("hostname"),
            "the message names neither key: {said}"
        );
        wait_for_site(&node, "berlin", 30)?;

        let vm = node.power_down()?;
        let kept = vm.config()?;
        ensure!(
            kept.contains("site: berlin"),
            "the CONFIG partition holds {kept:?}"
        );
        Ok(())
    })
}

#[test]
fn config_try_goes_back_by_itself() -> anyhow::Result<()> {
    scenario("config_try_goes_back_by_itself", |stage| {
        let node = stage.ready_node()?;
        let try_site = |site: &str, time: &str| {
            node.write(NEW, &config(&node, &format!("labels: {{site: {site}}}\n"))?)?;
            node.ssh(&format!("holdfast config apply --try {time} {NEW}"))?;
            wait_for_site(&node, site, 60)
        };
        let kept = || node.ssh("cat /config/config.yaml");
        let before = kept()?;
        try_site("trial", "60s")?;
        wait_for_site(&node, "", 180)?;
        ensure!(kept()? == before, "a trial wrote {:?}", kept()?);

        try_site("better", "10m")?;
        node.ssh("holdfast config confirm")?;
        ensure!(
            kept()?.contains("site: better"),
            "confirmed, but CONFIG holds {:?}",
            kept()?
        );
        try_site("worse", "10m")?;
        node.ssh("holdfast config revert")?;
        wait_for_site(&node, "better", 60)?;
        Ok(())
    })
}
