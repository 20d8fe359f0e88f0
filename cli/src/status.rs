//! `holdfast status`: what the node is, how it is, and what is wrong.

mod clock;
mod health;
mod heat;
#[cfg(test)]
mod tests;

use crate::client::connect;
use crate::network::{Address, addresses};
use crate::out;
use crate::table::Table;
use health::{is_less_than_asked, is_unwell};
use init_api::paths::{self, LAST_RESORT, URL_TROUBLE};
use init_api::{Configured, Millis, Mode, ServiceState, ServiceStatus, Standing, Status};
use serde::Serialize;
use std::fmt::Write;
use std::process::ExitCode;
use upgrade_api::Record;

/// The node needs a person: it is in maintenance mode, a service fails, its API does not answer, it has not been Ready for long, or it is less than what was asked for.
const UNWELL: u8 = 3;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 the node cannot be asked, 3 (with --check) it is in maintenance mode, uses the last good configuration in place of a wrong one, a service has failed or crashes in a loop, the Kubernetes API does not answer, the node has not been Ready for more than 10 minutes, or state lies in clear though its encryption is asked for."
)]
pub(crate) struct Args {
    /// Print JSON: PID 1's status, the sources of the configuration, the addresses
    #[arg(long)]
    json: bool,
    /// End with exit code 3 when the node is in maintenance mode, uses the last good configuration in place of a wrong one, a
    /// service has failed or crashes in a loop, the Kubernetes API does not answer, the node has not been Ready for more than
    /// 10 minutes, or state lies in clear though its encryption is asked for
    #[arg(long)]
    check: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Everything {
    status: Status,
    configuration: Configured,
    addresses: Vec<Address>,
    /// How far a rotation of the cluster's authorities is, while one is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorities: Option<String>,
    /// Whom the clock is kept by, or why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// How hot the machine is, where it measures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let status = connect()?.status()?;
    let mut configuration: Configured =
        init_api::load_if_present(paths::CONFIGURED)?.unwrap_or_default();
    if let Ok(trouble) = std::fs::read_to_string(URL_TROUBLE) {
        configuration
            .warnings
            .push(format!("config_url: {}", trouble.trim()));
    }
    if let Ok(trouble) = std::fs::read_to_string(paths::BACKUP_TROUBLE) {
        configuration
            .warnings
            .push(format!("no backup was made: {}", trouble.trim()));
    }
    if let Ok(notes) = std::fs::read_to_string(LAST_RESORT) {
        let notes = notes.lines().map(str::to_owned);
        configuration.warnings.extend(notes);
    }
    configuration.warnings.extend(failed_release());
    let everything = Everything {
        status,
        configuration,
        addresses: addresses(),
        authorities: crate::authorities::under_way(std::time::SystemTime::now()),
        clock: clock::clock(),
        temperature: heat::heat(),
    };
    if args.json {
        out::line(serde_json::to_string_pretty(&everything)?)?;
    } else {
        out::print(page(&everything))?;
    }
    Ok(
        if args.check
            && (is_unwell(&everything.status) || is_less_than_asked(&everything.configuration))
        {
            ExitCode::from(UNWELL)
        } else {
            ExitCode::SUCCESS
        },
    )
}

/// The release that failed last, until something else happens.
fn failed_release() -> Option<String> {
    let path = std::path::Path::new(paths::UPGRADE).join(Record::FILE);
    let record: Record = init_api::load_if_present(path).ok()??;
    record.went_back().map(|event| {
        format!(
            "release {} failed, and the machine went back: {}. `holdfast upgrade status` shows more",
            event.version,
            event.details.join("; ")
        )
    })
}

/// Writing to a String cannot fail, so the results of `write!` are let go.
fn page(everything: &Everything) -> String {
    let Everything {
        status,
        configuration,
        addresses,
        authorities,
        clock,
        temperature,
    } = everything;
    let mut page = String::new();
    let slot = status
        .boot
        .as_ref()
        .map_or("?".to_owned(), |boot| boot.slot.to_string());
    let _ = writeln!(
        page,
        "{}  Holdfast {}, slot {slot}, Linux {}",
        status.hostname, status.version, status.kernel
    );
    let mut facts = Table::default();
    facts.row(["up", &status.uptime_ms.rounded()]);
    facts.row(["mode", mode(status.mode)]);
    facts.row(["node", &node(status)]);
    if let Some(trial) = status.trial() {
        facts.row(["trial", &trial]);
    }
    if let Some(last) = &status.last_boot {
        facts.row(["last boot", &last.line()]);
        for line in last.kernel.iter().skip(1) {
            facts.row(["", line]);
        }
    }
    for (index, address) in addresses.iter().enumerate() {
        let label = if index == 0 { "address" } else { "" };
        facts.row([label, &format!("{} {}", address.interface, address.address)]);
    }
    if addresses.is_empty() {
        facts.row(["address", init_api::NO_ADDRESS]);
    }
    for (index, source) in configuration.sources.iter().enumerate() {
        facts.row([if index == 0 { "config" } else { "" }, source]);
    }
    if configuration.on_trial {
        facts.row(["", "on trial; `holdfast config confirm` keeps it"]);
    }
    if let Some(stick) = status.node.as_ref().and_then(|node| node.stick.as_ref()) {
        facts.row(["stick", stick]);
    }
    if let Some(state) = encryption(status) {
        facts.row(["state", &state]);
    }
    if let Some(rotation) = authorities {
        facts.row(["authorities", rotation]);
    }
    if let Some(clock) = clock {
        facts.row(["clock", clock]);
    }
    if let Some(temperature) = temperature {
        facts.row(["temperature", temperature]);
    }
    let _ = writeln!(page, "{facts}");
    let _ = writeln!(page, "{}", services(&status.services, status.uptime_ms));
    for service in status.failing_services() {
        let _ = writeln!(page, "failing: {}", service.failure());
        for line in &service.last_output {
            let _ = writeln!(page, "         | {line}");
        }
    }
    for note in status.notes.iter().chain(&configuration.notes()) {
        let _ = writeln!(page, "note: {note}");
    }
    for offender in status.node.iter().flat_map(|node| &node.offenders) {
        let _ = writeln!(page, "pod {offender}");
    }
    let node_problem = status.node.as_ref().and_then(|node| node.problem.as_ref());
    let instead = configuration.instead.as_ref();
    let install_problem = status
        .install
        .as_ref()
        .and_then(|install| install.problem.as_ref());
    for problem in status
        .problem
        .iter()
        .chain(instead)
        .chain(node_problem)
        .chain(install_problem)
    {
        let _ = writeln!(
            page,
            "\nPROBLEM: {}\n\n{}\n\nWhat to do: {}",
            problem.title, problem.text, problem.cure
        );
    }
    page
}

/// How the state partition is encrypted; nothing where it is not.
fn encryption(status: &Status) -> Option<String> {
    status.boot.as_ref()?.partitions.opened_state.as_ref()?;
    let unread = match std::path::Path::new(paths::RECOVERY_KEY).exists() {
        true => "; nobody has read its recovery key yet: `sudo holdfast recovery-key`",
        false => "",
    };
    Some(format!("encrypted, opened by this machine's TPM{unread}"))
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Booting => "booting",
        Mode::Running => "running",
        Mode::Maintenance => "MAINTENANCE: something must be repaired, see below",
        Mode::ShuttingDown => "shutting down",
    }
}

fn node(status: &Status) -> String {
    if let Some(install) = &status.install {
        return install.line();
    }
    let Some(node) = &status.node else {
        return "not started yet".to_owned();
    };
    match node.standing(status.uptime_ms) {
        Standing::Ready { age } => {
            return format!(
                "{} is Ready, as the API said {} ago",
                node.name,
                age.rounded()
            );
        }
        Standing::Unknown { silent } => {
            return format!(
                "{} is not known to be Ready: {}",
                node.name,
                node.silence(silent)
            );
        }
        Standing::NotReady => {}
    }
    let mut text = format!("{} is not Ready", node.name);
    if !node.reason.is_empty() {
        text.push_str(&format!(": {}", node.reason));
    }
    if !node.waiting_for.is_empty() {
        text.push_str(&format!("; waiting for {}", node.waiting_for.join(", ")));
    }
    text
}

fn services(services: &[ServiceStatus], now: Millis) -> Table {
    let mut table = Table::default();
    table.row(["SERVICE", "STATE", "SINCE", "RESTARTS", "PID", ""]);
    for service in services {
        let since = now.since(service.since_ms).rounded();
        let pid = service.pid.map_or(String::new(), |pid| pid.to_string());
        let waits: Vec<&str> = service
            .waiting_for
            .iter()
            .map(init_api::ServiceName::as_str)
            .collect();
        let more = match (&service.last_exit, waits.is_empty()) {
            (_, false) => format!("waits for {}", waits.join(", ")),
            (Some(exit), true) if !exit.is_success() => format!("last: {exit}"),
            _ => String::new(),
        };
        table.row([
            service.name.as_str(),
            state(service.state),
            &since,
            &service.restarts.to_string(),
            &pid,
            &more,
        ]);
    }
    table
}

fn state(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Waiting => "waiting",
        ServiceState::Starting => "starting",
        ServiceState::Ready => "ready",
        ServiceState::Completed => "done",
        ServiceState::Pausing => "pausing",
        ServiceState::Stopping => "stopping",
        ServiceState::Stopped => "stopped",
        ServiceState::Failed => "FAILED",
    }
}
