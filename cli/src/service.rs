//! `holdfast service`: starts, stops and restarts one service, and shows what services may do.

mod kernel;
mod show;

use crate::client::connect;
use init_api::{Request, ServiceName};
use std::process::ExitCode;

/// Start, stop or restart one service, or show what services may do
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Action {
    /// Start a service that was stopped or has failed
    Start(Which),
    /// Stop a service, until it is started again or the machine is
    Stop(Which),
    /// Stop a service if it runs, and start it anew
    Restart(Which),
    /// What a service may do, and why, beside what the kernel says of it; of all services, a line each. Ends with 1 where one may do
    /// more than it was given
    Show {
        /// The service, as `holdfast status` names it; all when left out
        service: Option<String>,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Which {
    /// The service, as `holdfast status` names it
    service: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (request, done) = match &args.action {
        Action::Start(which) => (
            which.asked(|service| Request::Start { service })?,
            "started",
        ),
        Action::Stop(which) => (which.asked(|service| Request::Stop { service })?, "stopped"),
        Action::Restart(which) => {
            let request = which.asked(|service| Request::Restart { service })?;
            (request, "restarted")
        }
        Action::Show { service } => return show::run(service.as_deref()),
    };
    connect()?.ask(&request)?;
    crate::out::say!("the service is being {done}; `holdfast status` shows its state");
    Ok(ExitCode::SUCCESS)
}

impl Which {
    /// What PID 1 is asked about it.
    fn asked(&self, request: impl Fn(ServiceName) -> Request) -> anyhow::Result<Request> {
        Ok(request(ServiceName::new(self.service.as_str())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_about_a_service_with_a_name() {
        let which = |service: &str| Which {
            service: service.to_owned(),
        };
        let stop = |service| Request::Stop { service };
        let service = ServiceName::new("ssh").unwrap();
        assert_eq!(which("ssh").asked(stop).unwrap(), Request::Stop { service });
        let error = which("../ssh").asked(stop).unwrap_err();
        assert!(error.to_string().contains("../ssh"), "{error}");
    }
}
