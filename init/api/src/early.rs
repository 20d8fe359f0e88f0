//! Services that may start before the boot's configuration is read, as PID 1 knows them. A file of the last boot says which of
//! them start and with what in their environment; it lies on state, so it decides about no command.

use crate::paths::{CONTAINERD, CONTAINERD_CONFIG, CONTAINERD_SOCKET, IMAGE_STORE};
use crate::{Group, KillWhat, ReadyWhen, Service, ServiceName};

/// The container runtime, with nothing of the configuration in its environment.
pub fn containerd() -> Service {
    let name = ServiceName::new("containerd").expect("the name follows the rule for names");
    Service {
        // Containers go on while containerd is restarted.
        kill: KillWhat::Main,
        open_files: Some(1_048_576),
        group: Group {
            delegate: true,
            oom_score_adj: Some(-999),
            ..Group::default()
        },
        ..Service::daemon(name, [CONTAINERD, "--config", CONTAINERD_CONFIG])
    }
    .ready(ReadyWhen::SocketListens {
        path: CONTAINERD_SOCKET.into(),
    })
    .unconfined("it starts containers, which have what their pods ask for")
    .env("GOGC", "30")
    // It is looked at before containerd starts, and thrown away when it is damaged.
    .env("HOLDFAST_IMAGE_STORE", IMAGE_STORE)
}

/// What starts early of what a boot `left`: the one of these `known` services with the environment that was left. `None` for an
/// unknown one, and for one with a variable that makes programs load code: it starts when it is configured.
pub fn as_known(left: Service, known: &[Service]) -> Option<Service> {
    let loads = |(name, _): (&String, &String)| name.starts_with("LD_") || name == "PATH";
    if left.env.iter().any(loads) {
        return None;
    }
    let known = known.iter().find(|known| known.name == left.name)?;
    Some(Service {
        env: left.env,
        ..known.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::{as_known, containerd};
    use crate::{Service, ServiceName};

    #[test]
    fn a_file_on_state_chooses_no_command() {
        let known = [containerd()];
        let configured = containerd().env("HTTPS_PROXY", "http://proxy.example:3128");
        assert_eq!(
            as_known(configured.clone(), &known),
            Some(configured.clone())
        );
        let foreign = Service {
            command: vec!["/state/evil".to_owned()],
            ..configured.clone()
        };
        assert_eq!(
            as_known(foreign, &known),
            Some(configured.clone()),
            "its command"
        );
        for variable in ["LD_PRELOAD", "LD_LIBRARY_PATH", "PATH"] {
            let foreign = configured.clone().env(variable, "/state/evil");
            assert_eq!(as_known(foreign, &known), None, "{variable}");
        }
        let name = ServiceName::new("evil").expect("a name");
        assert_eq!(
            as_known(Service::daemon(name, ["/state/evil"]), &known),
            None
        );
    }
}
