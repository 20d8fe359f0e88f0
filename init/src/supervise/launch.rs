//! Starting a service's process.

use super::{Groups, confine};
use init_api::paths::SYSTEM_PROGRAMS;
use init_api::{Confinement, Service};
use rustix::pipe::{PipeFlags, pipe_with};
use std::fs::{self, File};
use std::io;
use std::process::{Command, Stdio};

/// What every service has in its environment.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", SYSTEM_PROGRAMS),
    ("HOME", "/root"),
    ("LANG", "C.UTF-8"),
];

/// Starts it; gives its process id and the end of the pipe that its output comes out of, which does not block.
#[expect(clippy::disallowed_methods, reason = "a service, which lives on")]
pub(super) fn launch(service: &Service, groups: &Groups) -> io::Result<(u32, File)> {
    let (program, arguments) = service
        .command
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(ENVIRONMENT)
        .envs(&service.env)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(writer.try_clone()?)
        .stdout(writer);
    let limits = match service.rights.confinement() {
        Some(confinement) => {
            make_folders(confinement);
            Some(confine::limits(confinement)?)
        }
        None => None,
    };
    let launch = sys::Launch {
        group: Some(groups.enter(&service.name, &service.group)?),
        oom_score_adj: service.group.oom_score_adj,
        open_files: service.open_files,
        root: None,
        limits,
    };
    let child = launch.apply(&mut command).spawn()?;
    Ok((child.id(), reader.into()))
}

/// What it may write to and is not there yet: its view has no place to make it in. Where it cannot be made (a machine without state)
/// the service runs without.
fn make_folders(confinement: &Confinement) {
    for path in confine::folders(confinement).filter(|path| !path.exists()) {
        let _ = fs::create_dir_all(path);
    }
}
