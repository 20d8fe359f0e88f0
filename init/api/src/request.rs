//! The conversation on `/run/holdfast/init.sock`: one JSON line each way, as often as wanted.

use crate::{Asked, Down, Service, ServiceName, Status};
use serde::{Deserialize, Serialize};

/// What PID 1 can be asked. The socket belongs to root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Everything that PID 1 knows.
    Status,
    /// How the services are described.
    Services,
    /// Start a stopped, failed or pausing service now.
    Start {
        /// Which.
        service: ServiceName,
    },
    /// Stop a service and keep it stopped until started or reconfigured.
    Stop {
        /// Which.
        service: ServiceName,
    },
    /// Stop and start.
    Restart {
        /// Which.
        service: ServiceName,
    },
    /// Run `holdfast node configure` again and bring the services in line with what it writes.
    Reconfigure,
    /// This boot is good: keep its slot. Refused when it is not on trial, or the trial is over.
    Commit,
    /// Shut down in order and start anew, as a person asks for it.
    Reboot,
    /// Shut down in order and switch off, as a person asks for it.
    PowerOff,
    /// As the two before, for a reason that the next boot tells.
    GoDown {
        /// What then.
        down: Down,
        /// Who wants it.
        asked: Asked,
    },
}

/// PID 1's answer. Everything but `Status` says what was begun, not that it is done: ask for the status to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Response {
    /// To `Status`.
    Status {
        /// The status.
        status: Box<Status>,
    },
    /// To `Services`.
    Services {
        /// As PID 1 runs them now, each with its main process while there is one.
        services: Vec<Described>,
    },
    /// It is being done.
    Accepted,
    /// To `Reconfigure`: done when [`Status::configuration`] shows this generation, or a later one, not running.
    Reconfiguring {
        /// The run that takes this request in.
        generation: u64,
    },
    /// It is not done, and why.
    Refused {
        /// For a person.
        reason: String,
    },
}

/// One service as PID 1 runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// Its description.
    pub service: Service,
    /// Its main process, while there is one.
    pub pid: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::Request;
    use proptest::prelude::*;

    #[test]
    fn requests_are_strict() {
        let parse = |text: &str| serde_json::from_str::<Request>(text);
        assert_eq!(
            parse(r#"{"request":"power-off"}"#).expect("known"),
            Request::PowerOff
        );
        assert!(parse(r#"{"request":"start","service":"ssh"}"#).is_ok());
        for bad in [
            r#"{"request":"start"}"#,
            r#"{"request":"dance"}"#,
            r#"{"request":"stop","service":"../x"}"#,
            "",
            "[]",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_answered_without_panic(line in ".{0,200}") {
            let _ = serde_json::from_str::<Request>(&line);
        }
    }
}
