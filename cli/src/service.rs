//! `holdfast service`: starts, stops and restarts one service.

use crate::client::connect;
use init_api::{Request, ServiceName};
use std::process::ExitCode;

/// Start, stop or restart one service
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
}

#[derive(Debug, Clone, clap::Args)]
struct Which {
    /// The service, as `holdfast status` names it
    service: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (request, done) = request(&args.action)?;
    connect()?.ask(&request)?;
    println!("{done}; `holdfast status` shows its state");
    Ok(ExitCode::SUCCESS)
}

/// What PID 1 is asked, and what to say when it has agreed.
fn request(action: &Action) -> anyhow::Result<(Request, String)> {
    let (Action::Start(which) | Action::Stop(which) | Action::Restart(which)) = action;
    let service = ServiceName::new(which.service.as_str())?;
    let (request, done) = match action {
        Action::Start(_) => (Request::Start { service }, "started"),
        Action::Stop(_) => (Request::Stop { service }, "stopped"),
        Action::Restart(_) => (Request::Restart { service }, "restarted"),
    };
    Ok((request, format!("{} is being {done}", which.service)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_requests_about_a_service_with_a_name() {
        let which = |service: &str| Which {
            service: service.to_owned(),
        };
        let service = ServiceName::new("ssh").unwrap();
        for (action, expected) in [
            (
                Action::Start(which("ssh")),
                Request::Start {
                    service: service.clone(),
                },
            ),
            (
                Action::Stop(which("ssh")),
                Request::Stop {
                    service: service.clone(),
                },
            ),
            (
                Action::Restart(which("ssh")),
                Request::Restart {
                    service: service.clone(),
                },
            ),
        ] {
            assert_eq!(request(&action).unwrap().0, expected);
        }
        let error = request(&Action::Stop(which("../ssh"))).unwrap_err();
        assert!(error.to_string().contains("../ssh"), "{error}");
    }
}
