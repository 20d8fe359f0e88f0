//! `holdfast upgrade`: the releases of this node, without a cluster.

mod page;

use crate::{duration, out, service_log};
use anyhow::anyhow;
use clap::Subcommand;
use init_api::{HealthCheck, Root, paths};
use std::process::ExitCode;
use std::time::Duration;
use upgrade_api::{Answer, Client, Progress, Report, Request, StageRequest, Wanted};

/// See, stage, try and take back releases of the system on this node
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An upgrade by hand: `stage` writes a release to the spare slot while everything runs, `activate` restarts into it on \
                  trial. It is confirmed when the node is Ready; if that does not happen in time, the machine goes back by itself and \
                  `status` says why."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what runs, what is staged, what failed and why
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show which releases a repository has for this node
    Check {
        /// The release repository: a URL or a folder
        #[arg(long, value_name = "URL|DIR")]
        source: String,
    },
    /// Write a release to the spare slot; nothing that runs is touched
    Stage {
        /// The release repository: a URL or a folder
        #[arg(long, value_name = "URL|DIR")]
        source: String,
        /// This release
        #[arg(long, conflicts_with = "channel")]
        version: Option<String>,
        /// The newest release of this channel
        #[arg(long, default_value = "stable")]
        channel: String,
        /// Also one that failed on this node before
        #[arg(long)]
        again: bool,
        /// Also one that is older than what runs, if it was published as one to go back to
        #[arg(long, requires = "version")]
        allow_downgrade: bool,
    },
    /// Restart into the staged release, on trial
    Activate {
        #[command(flatten)]
        trial: Trial,
        /// Keep it only while this program in /etc/holdfast/checks ends with 0; may be repeated
        #[arg(long, value_name = "NAME")]
        check: Vec<String>,
    },
    /// Restart into the release that ran before this one, on trial
    Rollback {
        #[command(flatten)]
        trial: Trial,
        /// Also if its Kubernetes is older by a minor than the one that writes the datastore now
        #[arg(long)]
        older_kubernetes: bool,
    },
    /// Show what happened
    History,
    /// What PID 1 runs
    #[command(hide = true)]
    Serve,
    /// What runs in the cluster while there is an Upgrade
    #[command(hide = true)]
    Control {
        /// The pod's name, by which the others know who leads
        #[arg(long, env = "POD_NAME")]
        identity: String,
    },
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct Trial {
    /// How long after its start the release may take until the node is Ready
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration::parse)]
    deadline: Duration,
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Status { json } => status(json)?,
        Action::History => out::print(page::history(&report()?.record))?,
        Action::Check { source } => check(source)?,
        Action::Stage {
            source,
            version,
            channel,
            again,
            allow_downgrade,
        } => stage(StageRequest {
            source,
            wanted: version.map_or(Wanted::Channel(channel), Wanted::Version),
            again,
            allow_downgrade,
        })?,
        Action::Activate { trial, check } => restart(&Request::Activate {
            deadline_s: trial.deadline.as_secs(),
            checks: check
                .into_iter()
                .map(|name| HealthCheck::Command { name })
                .collect(),
        })?,
        Action::Rollback {
            trial,
            older_kubernetes,
        } => restart(&Request::Rollback {
            deadline_s: trial.deadline.as_secs(),
            older_kubernetes,
        })?,
        Action::Serve => serve()?,
        Action::Control { identity } => {
            service_log::begin();
            controller::run(&identity)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(request: &Request, progress: impl FnMut(&Progress)) -> anyhow::Result<Answer> {
    let mut client = Client::connect(paths::UPGRADE_SOCKET)?;
    Ok(client.ask(request, progress)?)
}

fn unfit(answer: &Answer) -> anyhow::Error {
    anyhow!("the upgrader gave an answer that does not fit: {answer:?}")
}

fn report() -> anyhow::Result<Report> {
    match ask(&Request::Status, |_| {})? {
        Answer::Status { report } => Ok(*report),
        other => Err(unfit(&other)),
    }
}

fn status(json: bool) -> anyhow::Result<()> {
    let report = report()?;
    if json {
        return out::line(serde_json::to_string_pretty(&report)?);
    }
    out::print(page::status(&report))
}

fn check(source: String) -> anyhow::Result<()> {
    match ask(&Request::Check { source }, |_| {})? {
        Answer::Offers { offers } => out::print(page::offers(&offers)),
        other => Err(unfit(&other)),
    }
}

fn stage(request: StageRequest) -> anyhow::Result<()> {
    let mut last = String::new();
    let progress = |progress: &Progress| {
        let line = page::progress(progress);
        if line != last {
            crate::out::tell!("{line}");
            last = line;
        }
    };
    match ask(&Request::Stage(request), progress)? {
        Answer::Staged { staged } => {
            let release = &staged.release;
            let brought = staged.brought.as_ref().map(|how| format!("; {how}"));
            out::line(format_args!(
                "release {} stands in slot {}{}",
                release.version,
                release.slot,
                brought.unwrap_or_default()
            ))?;
            out::line("`holdfast upgrade activate` restarts into it, on trial")
        }
        other => Err(unfit(&other)),
    }
}

fn restart(request: &Request) -> anyhow::Result<()> {
    match ask(request, |_| {})? {
        Answer::Restarting { version } => out::line(format_args!(
            "restarting into release {version}, on trial, as soon as pods have ended"
        )),
        other => Err(unfit(&other)),
    }
}

fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()?;
    runtime.block_on(agent::serve(&Root::default()))
}
