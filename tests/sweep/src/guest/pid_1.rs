//! PID 1, as far as the agent talks to it.

use anyhow::Context;
use init_api::{
    Configuration, ConfigurationState, Millis, Mode, NodeState, Request, Response, Status,
};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// What it was asked, and how the node is.
#[derive(Debug, Default)]
pub(super) struct Pid1 {
    /// Whether the node is Ready.
    pub(super) ready: AtomicBool,
    /// Whether somebody asked for a reboot.
    pub(super) rebooting: AtomicBool,
    looks: AtomicU64,
    ended: AtomicBool,
}

/// Starts to listen. Each boot has one of its own.
///
/// # Errors
/// The socket cannot be opened.
pub(super) fn start(socket: &Path, ready: bool) -> anyhow::Result<Arc<Pid1>> {
    host::file::remove(socket)?;
    let listener = UnixListener::bind(socket).context("PID 1 cannot listen")?;
    let pid_1 = Arc::new(Pid1::default());
    pid_1.ready.store(ready, Ordering::SeqCst);
    let shared = pid_1.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if shared.ended.load(Ordering::SeqCst) {
                return;
            }
            let shared = shared.clone();
            thread::spawn(move || shared.talk(stream));
        }
    });
    Ok(pid_1)
}

impl Pid1 {
    /// Listens no more at this socket.
    pub(super) fn end(&self, socket: &Path) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the one who waits; whoever is connected goes by himself.
        let _ = UnixStream::connect(socket);
    }

    fn talk(&self, stream: UnixStream) -> anyhow::Result<()> {
        let mut writer = stream.try_clone()?;
        for line in BufReader::new(stream).lines() {
            let response = match serde_json::from_str(&line?)? {
                Request::Status => Response::Status {
                    status: Box::new(self.status()),
                },
                Request::GoDown { .. } => {
                    self.rebooting.store(true, Ordering::SeqCst);
                    Response::Accepted
                }
                _ => Response::Accepted,
            };
            writeln!(writer, "{}", serde_json::to_string(&response)?)?;
        }
        Ok(())
    }

    fn status(&self) -> Status {
        // Half a minute passes between two looks.
        let looks = self.looks.fetch_add(1, Ordering::SeqCst);
        Status {
            mode: Mode::Running,
            version: String::new(),
            kernel: String::new(),
            hostname: String::new(),
            uptime_ms: Millis::seconds(30 * (looks + 1)),
            boot: None,
            phases: Vec::new(),
            services: Vec::new(),
            configuration: Configuration {
                generation: 1,
                state: ConfigurationState::Applied,
            },
            problem: None,
            node: Some(NodeState {
                ready: self.ready.load(Ordering::SeqCst),
                ..NodeState::default()
            }),
            install: None,
            trial_until_ms: None,
            last_boot: None,
            notes: Vec::new(),
        }
    }
}
