//! A state partition that is encrypted: the machine's own TPM opens it, in each release, and no other does.

use anyhow::{Context, ensure};
use machine::{Spec, Vm};
use vm_tests::{Node, Random, Stage, next_release};

use crate::maintenance::{lets_in_and_says, wait_for_maintenance};
use crate::state::{Identity, State};
use crate::stolen_disk::{HEADER, holds_none_of, is_encrypted, judge_header};
use crate::upgrade::{bring, comes_up_in_slot_b, confirmed, status, text, upgrade};

/// What asks for it.
pub(crate) const SEALED: &str = "state: {encryption: tpm}\n";
/// What `holdfast status` says of it.
const OPENED: &str = "encrypted, opened by this machine's TPM";
/// What the console and `holdfast status` say where another TPM is asked.
const NOT_OPENED: &str = "the TPM of this machine does not open it";
/// What they say where there is none.
const NO_TPM: &str = "has no TPM 2.0";
/// What `holdfast recovery-key` says from the second time on.
const PRINTED: &str = "was printed already";
/// Where systemd's programs look for a signature of what was measured.
const SIGNATURE: &str = "/run/systemd/tpm2-pcr-signature.json";
/// The letters of a recovery key, which are where they are on every keyboard.
const LETTERS: &str = "cbdefghijklnrtuv";
/// A recovery key, but not this machine's.
const ANOTHER_KEY: &str = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";
/// Where the cluster's objects lie, on the state partition.
const DATABASE: &str = "/var/lib/holdfast/cluster/db";

/// A machine, with a TPM or without one, whose configuration asks for it, with `more` after that.
fn machine(stage: &mut Stage, tpm: bool, more: &str) -> anyhow::Result<Vm> {
    let spec = Spec {
        tpm,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    vm.place_config(&(Stage::config(&vm)? + SEALED + more))?;
    Ok(vm)
}

/// A word that is nowhere else.
fn word(name: &str, random: &mut Random) -> String {
    format!("{name}-{:016x}", random.below(u64::MAX))
}

pub(crate) fn a_sealed_state_opens_on_its_own_machine_alone(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let mut random = Random::from_environment();
    let (marker, public) = (word("marker", &mut random), word("public", &mut random));
    let vm = machine(stage, true, &format!("# {public}\n"))?;
    let mut node = stage.start(&vm)?;
    made_anew_at_the_second_boot(stage, &mut node)?;
    gives_the_key_to_nobody(stage, &node)?;
    write(&node, &marker)?;
    let key = key_is_printed_once(&node)?;
    goes_up_and_back(&mut node, &marker)?;
    node.ssh("sync")?;
    let vm = node.power_down()?;

    let digest = judge_header(&vm)?;
    holds_none_of(&vm, &[&marker, &key], &public)?;

    vm.exchange_tpm()?;
    let mut node = stage.start(&vm)?;
    stays_closed(stage, &mut node, &digest)?;
    let (code, said) = unlock(&node, &key)?;
    ensure!(
        code == 0 && said.contains("restart"),
        "holdfast unlock: {code}: {said}"
    );
    stage.note(said.trim().to_owned());
    node.reboot(15)?;
    is_opened_and_has(&node, &marker)?;
    let (code, said) = node.try_ssh("holdfast recovery-key")?;
    ensure!(code != 0 && said.contains(PRINTED), "{code}: {said}");
    judge_header(&node.power_down()?)?;
    Ok(())
}

/// The first boot finds out that it is wanted, the second one makes it, and there is no third.
fn made_anew_at_the_second_boot(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.wait_for_text("ending services", 600)?;
    node.next_boot()?;
    let took = node.wait_ready(20)?;
    stage.note(format!(
        "Ready {:.0} s after the machine was started, with the restart",
        took.as_secs_f64()
    ));
    node.wait_for_system()?;
    ensure!(
        node.console().matches("ending services").count() == 1,
        "it restarted more than once"
    );
    is_opened(node)
}

pub(crate) fn is_opened(node: &Node) -> anyhow::Result<()> {
    let status = node.ssh("holdfast status")?;
    ensure!(
        status.contains(OPENED),
        "holdfast status does not say {OPENED:?}: {status}"
    );
    Ok(())
}

/// Root on the running node asks the TPM for the key, with the signatures that the UKI carries for anybody to read: it gives it to nobody
/// before the machine starts again.
fn gives_the_key_to_nobody(stage: &mut Stage, node: &Node) -> anyhow::Result<()> {
    let signatures = node.ssh(
        "grep -aoE '[{]\"sha256\":\\[[{][^}]*[}]\\][}]' /dev/disk/by-partlabel/boot | sort -u",
    )?;
    ensure!(
        signatures.lines().count() > 1,
        "one for each entry of the boot menu: {signatures}"
    );
    for signature in signatures.lines() {
        node.write(SIGNATURE, signature)?;
        let (code, said) = node.try_ssh(
            "cryptsetup open --test-passphrase --token-only --token-type systemd-tpm2 /dev/disk/by-partlabel/state 2>&1",
        )?;
        ensure!(code != 0, "the TPM gives the key: {said}");
        stage.note(format!(
            "asked for the key: {}",
            said.trim().replace('\n', " | ")
        ));
    }
    node.ssh(&format!("rm {SIGNATURE}"))?;
    Ok(())
}

/// Writes the marker into the cluster, whose database has it in clear then, for whoever can read the file system.
fn write(node: &Node, marker: &str) -> anyhow::Result<()> {
    let from = format!("--from-literal=marker={marker}");
    node.kubectl()?
        .run(&["create", "configmap", "marked", &from])?;
    let found = node.ssh(&format!("grep -rlF {marker} {DATABASE}"));
    found.context(
        "the database does not have the marker in clear: the search of the disk would show nothing",
    )?;
    Ok(())
}

fn is_opened_and_has(node: &Node, marker: &str) -> anyhow::Result<()> {
    is_opened(node)?;
    let words = ["get", "configmap", "marked", "-o=jsonpath={.data.marker}"];
    node.until("the ConfigMap", 120, |node| {
        let held = node.kubectl()?.run(&words)?;
        ensure!(held == marker, "the ConfigMap has {held:?}");
        Ok(())
    })
}

pub(crate) fn key_is_printed_once(node: &Node) -> anyhow::Result<String> {
    let said = node.ssh("holdfast recovery-key")?;
    let is_group = |group: &str| group.len() == 8 && group.chars().all(|c| LETTERS.contains(c));
    let is_key = |word: &&str| word.split('-').count() == 8 && word.split('-').all(is_group);
    let key = said.split_whitespace().find(is_key);
    let key = key.with_context(|| format!("no recovery key in {said:?}"))?;
    let (code, again) = node.try_ssh("holdfast recovery-key")?;
    ensure!(
        code != 0 && again.contains(PRINTED),
        "for the second time: {code}: {again}"
    );
    ensure!(!again.contains(key), "the key is printed again");
    Ok(key.to_owned())
}

/// Another release measures itself as something else, and opens what this one sealed; and so does this one after it.
fn goes_up_and_back(node: &mut Node, marker: &str) -> anyhow::Result<()> {
    let next = next_release()?;
    let first = text(&status(node)?, "/running/version").to_owned();
    bring(node)?;
    node.kubectl()?.apply(&upgrade(&next, "prefetch: true"))?;
    comes_up_in_slot_b(node, &next)?;
    is_opened_and_has(node, marker)?;

    // It wants the release that is left now.
    node.kubectl()?.run(&["delete", "upgrade", "stores"])?;
    node.reboot_by("holdfast upgrade rollback")?;
    node.wait_ready(15)?;
    confirmed(node, &first)?;
    is_opened_and_has(node, marker)
}

/// With another TPM the machine says so, lets its owner in, and leaves the disk as it is, also when it is given a wrong key.
fn stays_closed(stage: &mut Stage, node: &mut Node, digest: &str) -> anyhow::Result<()> {
    wait_for_maintenance(node)?;
    let said = node.wait_for_text(NOT_OPENED, 60)?;
    stage.note(said.text);
    lets_in_and_says(node, &[NOT_OPENED])?;
    let (code, said) = unlock(node, ANOTHER_KEY)?;
    ensure!(
        code == 1 && said.contains("does not open"),
        "holdfast unlock with another machine's recovery key: {code}: {said}"
    );
    let header = format!("head -c {HEADER} /dev/disk/by-partlabel/state | sha256sum");
    let now = node.ssh(&header)?;
    ensure!(
        now.starts_with(digest),
        "the header was changed: {digest} became {now}"
    );
    Ok(())
}

/// Gives a recovery key as a person types it; gives exit code and answer.
fn unlock(node: &Node, key: &str) -> anyhow::Result<(i32, String)> {
    node.write("/run/typed", &format!("{key}\n"))?;
    node.try_ssh("holdfast unlock </run/typed")
}

/// And it does not go on in clear, at no boot.
pub(crate) fn a_machine_without_a_tpm_says_so(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = machine(stage, false, "")?;
    let before = refuses(stage, &vm)?;
    let after = refuses(stage, &vm).context("at the second boot")?;
    let lost = before.lost_in(&after);
    ensure!(lost.is_empty(), "the second boot lost {lost:?}");
    Ok(())
}

/// Boots into maintenance mode, and goes off; gives what is on the state partition then, which is as it was made.
fn refuses(stage: &mut Stage, vm: &Vm) -> anyhow::Result<Identity> {
    let mut node = stage.start(vm)?;
    wait_for_maintenance(&mut node)?;
    let said = node.wait_for_text(NO_TPM, 60)?;
    stage.note(said.text);
    lets_in_and_says(&node, &[NO_TPM])?;
    let vm = node.power_down()?;
    ensure!(
        !is_encrypted(&vm)?,
        "state was encrypted with a key that is nowhere"
    );
    let state = State::copy(&vm)?.context("the state partition is not made")?;
    state.identity()
}
