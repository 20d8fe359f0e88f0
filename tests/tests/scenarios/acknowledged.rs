//! What the API server acknowledged, and power that goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use machine::{Cache, Recording, Vm};
use vm_tests::{Change, History, Random, Stage};

use crate::state::State;

/// How long clients write.
const WRITING: Duration = Duration::from_secs(90);
/// How often the power goes.
const CUTS: usize = 20;
/// Where kine keeps objects in its table.
const OBJECTS: &str = "/registry/configmaps/default/";
/// The datastore on the state partition.
const DATASTORE: &str = "/var/lib/holdfast/cluster/db";

/// The datastore's rows of the objects that were written: by revision, the name and the stored bytes.
type Rows = BTreeMap<u64, (String, Vec<u8>)>;

/// Clients outside the machine write and watch; every one of twenty losses of power, at moments that chance chooses among all that
/// was written meanwhile, must leave what they knew of by then. The disk of the last is booted: its cluster has all, and gives no
/// revision a second time.
pub(crate) fn acknowledged_changes_survive_power_cuts(stage: &mut Stage) -> anyhow::Result<()> {
    let mut random = Random::from_environment();
    let node = stage.ready_node_with(Cache::Recorded)?;
    let kubeconfig = node.kubectl()?.kubeconfig().to_owned();
    let history = History::write(&kubeconfig, WRITING, || node.recorded())?;
    let mut recording = Recording::of(node.power_cut()?)?;
    let first = history.acknowledged.iter().map(|change| change.at).min();
    let first = first.context("nothing was acknowledged")?;
    let moments = drawn(&recording, first, &mut random)?;
    for (number, moment) in moments.iter().enumerate() {
        let (disk, loss) = recording.cut(*moment, &mut |most| random.below(most))?;
        let rows = rows(&disk, recording.vm())?;
        let known = known_by(&history, *moment);
        let wrong: Vec<String> = known.iter().filter_map(|one| missing(one, &rows)).collect();
        ensure!(
            wrong.is_empty(),
            "HOLDFAST_SEED={}: cut {}: of {} changes that clients knew of, {} are not there: {}",
            random.seed(),
            number + 1,
            known.len(),
            wrong.len(),
            wrong.join("; ")
        );
        stage.note(format!(
            "cut {}: all {} changes are there; of {} writes that were not flushed {} were lost and {} torn",
            number + 1,
            known.len(),
            loss.kept + loss.lost + loss.torn,
            loss.lost,
            loss.torn
        ));
    }
    let last = moments.last().context("no moment")?;
    booted(stage, &recording, &history, *last)
}

/// Moments at which something had just been written, in order, from `first` on.
fn drawn(recording: &Recording, first: u64, random: &mut Random) -> anyhow::Result<Vec<u64>> {
    let all: Vec<u64> = recording.moments().filter(|one| *one >= first).collect();
    ensure!(all.len() > CUTS, "only {} writes were recorded", all.len());
    let mut chosen = Vec::with_capacity(CUTS);
    while chosen.len() < CUTS {
        let at = random.below(u64::try_from(all.len())?);
        chosen.push(all[usize::try_from(at)?]);
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// What some client knew of at this moment.
fn known_by(history: &History, moment: u64) -> Vec<&Change> {
    let all = history.acknowledged.iter().chain(&history.seen);
    all.filter(|change| change.at <= moment).collect()
}

/// The database's rows of the written objects, as SQLite itself finds them when it opens what the cut left.
fn rows(disk: &Path, vm: &Vm) -> anyhow::Result<Rows> {
    let state = State::of_raw(disk, vm)?;
    let folder = state.folder(DATASTORE)?;
    let output = Command::new("sqlite3")
        .arg(folder.join("state.db"))
        .arg("PRAGMA integrity_check;")
        .arg(format!(
            "SELECT id, name, hex(value) FROM kine WHERE name LIKE '{OBJECTS}%' AND deleted = 0;"
        ))
        .output()
        .context("cannot run sqlite3, of the package sqlite3")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines();
    ensure!(
        output.status.success() && lines.next() == Some("ok"),
        "sqlite3: {}{said}",
        String::from_utf8_lossy(&output.stderr)
    );
    lines.map(row).collect()
}

fn row(line: &str) -> anyhow::Result<(u64, (String, Vec<u8>))> {
    let mut fields = line.split('|');
    let mut field = || {
        fields
            .next()
            .with_context(|| format!("a row of sqlite3: {line}"))
    };
    let revision = field()?.parse()?;
    let name = field()?.trim_start_matches(OBJECTS).to_owned();
    let value = field()?.as_bytes().chunks(2).map(|digits| {
        let digits = std::str::from_utf8(digits)?;
        Ok(u8::from_str_radix(digits, 16)?)
    });
    Ok((revision, (name, value.collect::<anyhow::Result<_>>()?)))
}

/// What is wrong with a change: its revision has another content, or is gone and the object has no later one.
fn missing(change: &Change, rows: &Rows) -> Option<String> {
    let Change {
        name,
        revision,
        content,
        ..
    } = change;
    match rows.get(revision) {
        Some((same, value)) => {
            let content = content.as_bytes();
            let is_it = same == name && value.windows(content.len()).any(|part| part == content);
            (!is_it).then(|| {
                format!("revision {revision} of {name} is now {same}'s, or has another content")
            })
        }
        None => {
            let mut later = rows.range(revision..);
            let replaced = later.any(|(_, (same, _))| same == name);
            (!replaced).then(|| format!("revision {revision} of {name} is gone"))
        }
    }
}

/// Boots the disk of the last cut: what was known is served, and a new revision is higher than any that was known.
fn booted(
    stage: &mut Stage,
    recording: &Recording,
    history: &History,
    moment: u64,
) -> anyhow::Result<()> {
    let vm = stage.machine_after(recording)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "the disk of the last cut: Ready after {} s",
        took.as_secs()
    ));
    let kubectl = node.kubectl()?;
    let known = known_by(history, moment);
    let names = kubectl.run(&[
        "get",
        "configmaps",
        "-o",
        "jsonpath={.items[*].metadata.name}",
    ])?;
    let names: Vec<&str> = names.split_whitespace().collect();
    for change in &known {
        ensure!(
            names.contains(&change.name.as_str()),
            "{} is not served",
            change.name
        );
    }
    kubectl.run(&["create", "configmap", "after-the-cut"])?;
    let new = kubectl.run(&[
        "get",
        "configmap",
        "after-the-cut",
        "-o",
        "jsonpath={.metadata.resourceVersion}",
    ])?;
    let new: u64 = new.trim().parse().context("a resource version")?;
    // Also those of which nothing is left: their numbers are not given again.
    let all = history.acknowledged.iter().chain(&history.seen);
    let highest = all.map(|change| change.revision).max().unwrap_or_default();
    let lost = history
        .acknowledged
        .iter()
        .filter(|change| change.at > moment)
        .count();
    stage.note(format!(
        "{} changes acknowledged in {} s, {lost} of them behind the last cut; highest revision {highest}, the next {new}",
        history.acknowledged.len(),
        WRITING.as_secs()
    ));
    let highest_known = known
        .iter()
        .map(|change| change.revision)
        .max()
        .unwrap_or_default();
    ensure!(
        new > highest_known,
        "revision {new} was given again: {highest_known} was known"
    );
    Ok(())
}
