//! The guest: the first and only program of a kernel that runs as a process (user-mode Linux), so that the kernel's own FAT and
//! ext4 write to a disk that is recorded, and the real code writes through them. It needs no rights on the host.

mod careless;
mod devices;
mod firmware;
mod follow;
mod node;
mod pi;
mod pid_1;
mod program;
mod script;
mod story;

use crate::machine::Machine;
use anyhow::{Context, bail};
use node::Node;
use rustix::mount::{MountFlags, mount};
use std::ffi::CString;
use std::fs;
use std::path::Path;

/// What the guest says last when all went as it should.
pub const DONE: &str = "guest: done";
/// The work folder of the host, as the guest sees it.
const WORK: &str = "/tmp/work";

/// Plays what the arguments ask for: `record FOLDER` or `follow FOLDER`, FOLDER on the host; `arms-first` and `flushes-nothing`
/// record what must be found out. Last comes the machine's word.
///
/// # Errors
/// Something did not work that always does.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    // User-mode Linux adds some of its own.
    let [_, what, folder, machine, ..] = arguments else {
        bail!("it wants a word, a folder and a machine, and has {arguments:?}");
    };
    let machine = Machine::parse(machine).context("it knows no such machine")?;
    let none = MountFlags::empty();
    mount("none", "/proc", "proc", none, c"").context("cannot mount /proc")?;
    mount("none", "/sys", "sysfs", none, c"").context("cannot mount /sys")?;
    mount("none", "/tmp", "tmpfs", none, c"").context("cannot mount /tmp")?;
    fs::create_dir(WORK)?;
    let host = CString::new(folder.as_str())?;
    mount("none", WORK, "hostfs", none, host.as_c_str()).context("cannot mount the work folder")?;
    devices::load_modules()?;
    let work = Path::new(WORK);
    let repository = work.join("shop/repo");
    let node = Node::new(machine, repository, &work.join("shop/keys/1.root.json"))?;
    match what.as_str() {
        "record" => {
            devices::make(true)?;
            story::tell(&node)?;
            devices::close()
        }
        wrong @ ("arms-first" | "flushes-nothing") => {
            devices::make(true)?;
            careless::tell(&node, wrong == "arms-first")?;
            devices::close()
        }
        "follow" => {
            devices::make(false)?;
            follow::all(&node, work)
        }
        other => bail!("it cannot {other}"),
    }
}
