//! Runs every scenario and writes `docs/test-report.md`. `HOLDFAST_TIER=core` leaves the full tier out; words on the command
//! line are names of scenarios to run, and what is known of the others stays; `--page` runs none, and writes the page alone. What
//! else `tools/test` ran is taken from `build/test-parts`.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;
use vm_tests::{Checkout, collect, parts, printed, records, render, root};

/// The word that runs no scenario.
const PAGE_ALONE: &str = "--page";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("test-report: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let code = if words == [PAGE_ALONE] {
        ExitCode::SUCCESS
    } else {
        scenarios(&words)?
    };
    write_page()?;
    Ok(code)
}

/// Runs those that are named, all when none is.
fn scenarios(names: &[String]) -> anyhow::Result<ExitCode> {
    let records_folder = records();
    if names.is_empty() && records_folder.exists() {
        fs::remove_dir_all(&records_folder)
            .with_context(|| format!("cannot remove {}", records_folder.display()))?;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args([
        "test",
        "--quiet",
        "--workspace",
        "--test",
        "scenarios",
        "--",
    ]);
    cargo.args(names);
    if std::env::var("HOLDFAST_TIER").as_deref() != Ok("core") {
        cargo.arg("--include-ignored");
    }
    let status = cargo.status().context("cannot run cargo")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write_page() -> anyhow::Result<()> {
    let records = collect(&records()).context("no scenario left a record")?;
    let parts = parts(&root().join("build/test-parts"))?;
    let commits = parts.iter().map(|part| part.commit.as_str());
    let commits = commits.chain(records.iter().map(|record| record.commit.as_str()));
    let page = render(
        &Checkout::read(commits)?,
        &printed("date", &["-u", "+%F %H:%M UTC"])?,
        &machine(),
        &parts,
        &records,
    );
    let report = root().join("docs/test-report.md");
    fs::write(&report, page).with_context(|| format!("cannot write {}", report.display()))?;
    println!(
        "{} scenarios; the report is in {}",
        records.len(),
        report.display()
    );
    Ok(())
}

/// The host in a few words.
fn machine() -> String {
    let read = |file: &str| fs::read_to_string(Path::new(file)).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let value = |line: &str| {
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    };
    let model = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(value)
        .unwrap_or_default();
    let cores = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let qemu = printed("qemu-system-x86_64", &["--version"]).unwrap_or_default();
    let qemu = qemu.lines().next().unwrap_or_default().to_owned();
    let accel = if machine::Accel::detect(machine::Platform::Q35)
        .is_ok_and(|accel| accel == machine::Accel::Kvm)
    {
        "KVM"
    } else {
        "emulation"
    };
    format!("{cores} × {model}; {qemu}; {accel}")
}
