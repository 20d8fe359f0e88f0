//! A service as PID 1 runs it.

use crate::{Confinement, Millis, Rights, ServiceName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One program that PID 1 keeps, or runs once. It starts as root with the rights that it is given, in its own session and control
/// group, with no input; its output goes to its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// Program (absolute path) and arguments.
    pub command: Vec<String>,
    /// Environment on top of PID 1's `PATH`, `HOME` and `LANG`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whether it stays or ends.
    pub kind: Kind,
    /// Started only when all of these are ready (daemons) or completed (one-shots).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ServiceName>,
    /// When those that come after it may start.
    #[serde(default)]
    pub ready: ReadyWhen,
    /// Whether and when it is started again.
    #[serde(default)]
    pub restart: Restart,
    /// How long it may take to end after SIGTERM, before SIGKILL.
    #[serde(default = "Service::usual_stop_timeout")]
    pub stop_timeout_ms: Millis,
    /// Whom a stop ends.
    #[serde(default)]
    pub kill: KillWhat,
    /// Its control group.
    #[serde(default)]
    pub group: Group,
    /// `RLIMIT_NOFILE`, soft and hard; PID 1's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Whether it also runs in maintenance mode.
    #[serde(default)]
    pub in_maintenance: bool,
    /// When the machine goes down it is stopped before all others, which run on until it has ended, whatever comes after what.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stops_first: bool,
    /// What it may do.
    #[serde(default)]
    pub rights: Rights,
}

/// What a service is meant to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Do its work and end with exit code 0.
    OneShot,
    /// Stay.
    Daemon,
}

/// When a service counts as ready. A one-shot is ready only when it has completed, whatever stands here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReadyWhen {
    /// As soon as its process runs.
    #[default]
    Started,
    /// When this path exists.
    PathExists {
        /// Absolute.
        path: PathBuf,
    },
    /// When something accepts connections on this Unix socket.
    SocketListens {
        /// Absolute.
        path: PathBuf,
    },
    /// When it has ended with exit code 0.
    Exit,
}

/// Whether and when a service is started again after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// After which ends.
    pub when: RestartWhen,
    /// The first pause; each further one is twice as long.
    pub first_ms: Millis,
    /// The longest pause.
    pub longest_ms: Millis,
    /// After running this long the next pause is the first again.
    pub stable_ms: Millis,
}

/// After which ends a service is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartWhen {
    /// Every end; for a one-shot, every end but success.
    Always,
    /// Every end but exit code 0.
    OnFailure,
    /// None.
    Never,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            when: RestartWhen::Always,
            first_ms: Millis(250),
            longest_ms: Millis::seconds(30),
            stable_ms: Millis::seconds(60),
        }
    }
}

impl Restart {
    /// No restart.
    pub fn never() -> Self {
        Self {
            when: RestartWhen::Never,
            ..Self::default()
        }
    }

    /// The usual pauses, after failures only.
    pub fn on_failure() -> Self {
        Self {
            when: RestartWhen::OnFailure,
            ..Self::default()
        }
    }
}

/// Whom a stop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KillWhat {
    /// SIGTERM to the main process; when it has ended, or not in time, the whole group is killed.
    #[default]
    Group,
    /// Only the main process. For containerd, whose shims outlive it. Shutdown ends the rest.
    Main,
}

/// Limits and weight of a service's control group, `/sys/fs/cgroup/system/<name>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// `memory.max`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_max: Option<u64>,
    /// `memory.high`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_high: Option<u64>,
    /// `memory.min`, bytes that are never reclaimed from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_min: Option<u64>,
    /// `pids.max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids_max: Option<u64>,
    /// `cpu.weight`, 1 to 10000, 100 is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_weight: Option<u16>,
    /// `/proc/<pid>/oom_score_adj` of the main process and what it starts, -1000 to 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i16>,
    /// The service makes groups below its own: its processes start in the leaf `main`, and the controllers are passed on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delegate: bool,
}

impl Service {
    /// A daemon with the usual settings: ready when started, always restarted.
    pub fn daemon(name: ServiceName, command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            name,
            command: command.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            kind: Kind::Daemon,
            after: Vec::new(),
            ready: ReadyWhen::Started,
            restart: Restart::default(),
            stop_timeout_ms: Self::usual_stop_timeout(),
            kill: KillWhat::default(),
            group: Group::default(),
            open_files: None,
            in_maintenance: false,
            stops_first: false,
            rights: Rights::default(),
        }
    }

    /// A one-shot with the usual settings: ready when it has ended well, tried again until it does.
    pub fn one_shot(
        name: ServiceName,
        command: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            kind: Kind::OneShot,
            ready: ReadyWhen::Exit,
            restart: Restart::on_failure(),
            ..Self::daemon(name, command)
        }
    }

    /// The same, started after these.
    pub fn after(mut self, names: impl IntoIterator<Item = ServiceName>) -> Self {
        self.after.extend(names);
        self
    }

    /// The same, ready by another sign.
    pub fn ready(mut self, ready: ReadyWhen) -> Self {
        self.ready = ready;
        self
    }

    /// The same, with this in its environment.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(key.into(), value.into());
        self
    }

    /// The same, kept to these limits.
    pub fn confined(mut self, confinement: Confinement) -> Self {
        self.rights = Rights::Only(Box::new(confinement));
        self
    }

    /// The same, with all that root may, for a reason.
    pub fn unconfined(mut self, why: &str) -> Self {
        self.rights = Rights::All {
            why: why.to_owned(),
        };
        self
    }

    /// Whether it runs once a boot and never again by itself: as the boot's first good configuration describes it, also
    /// when a later one describes it otherwise, for the first time, or not at all.
    pub fn runs_once(&self) -> bool {
        self.kind == Kind::OneShot && self.restart.when == RestartWhen::Never
    }

    fn usual_stop_timeout() -> Millis {
        Millis::seconds(10)
    }
}
