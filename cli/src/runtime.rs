//! `holdfast runtime`: the cluster's side of a node. Not for people.

use clap::Subcommand;
use runtime::address::Patience;
use runtime::{Paths, load_settings};
use std::process::ExitCode;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Load the image of system workloads into containerd
    Images,
    /// Write certificates, component settings and the engine's plan
    Prepare,
    /// Hold the cluster to the configuration
    Keep,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // PID 1 keeps what is written as the service's log; it adds the time.
    let lines = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(shown()))
        .init();
    let paths = Paths::default();
    let settings = load_settings(&paths)?;
    match args.action {
        Action::Images => runtime::load_system_image(&settings, &paths)?,
        Action::Prepare => {
            runtime::prepare(&settings, &paths, Patience::default())?;
        }
        Action::Keep => runtime::run_keeper(settings, paths)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What is logged. The client of the API calls each answer of 5xx an error, every two seconds while the API server starts;
/// whoever asked has the same answer, and says what it means.
fn shown() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("kube_client", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use tracing_subscriber::filter::LevelFilter;

    #[test]
    fn an_api_that_starts_is_no_error_and_what_we_say_is_shown() {
        let shows = |target, level: LevelFilter| {
            shown().would_enable(target, &level.into_level().expect("a level"))
        };
        assert!(!shows("kube_client::client::builder", LevelFilter::ERROR));
        assert!(shows("runtime::keeper::api", LevelFilter::INFO));
    }
}
