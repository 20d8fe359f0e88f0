//! Carries out a plan: one match, no decisions.

use crate::damage_choice;
use crate::encryption;
use crate::machine::Machine;
use crate::step::{Content, OnFailure, Owner, Step};
use host::beneath::{self, Folder};
use host::{file, folder};
use init_api::Root;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A step that stopped the plan.
#[derive(Debug, thiserror::Error)]
#[error("could not {act}")]
pub struct Failed {
    /// What was attempted, with path or key.
    pub act: String,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// What a plan says that did not stop the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A step failed, or something of the configuration is left out: it is not in force.
    NotInForce(String),
    /// Something that a person should know. What was asked for is in force.
    Remark(String),
}

/// Carries out steps below `root` (`/` on a node) with the given machine.
#[derive(Debug)]
pub struct Executor<M> {
    root: PathBuf,
    machine: M,
    /// What the user's commands have taken so far.
    spent: Duration,
}

impl<M: Machine> Executor<M> {
    /// An executor for one root directory.
    pub fn new(root: impl Into<PathBuf>, machine: M) -> Self {
        Executor {
            root: root.into(),
            machine,
            spent: Duration::ZERO,
        }
    }

    /// The machine, for tests that look at what was asked of it.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// Carries out the steps in order.
    ///
    /// # Errors
    /// The first failing step that is marked [`OnFailure::Stop`]; the steps after it were not tried.
    pub fn execute(&mut self, steps: &[Step]) -> Result<Vec<Warning>, Failed> {
        let mut warnings = Vec::new();
        for step in steps {
            if let Some(warning) = self.said_by(step) {
                warnings.push(warning);
                continue;
            }
            let Err(source) = self.step(step) else {
                continue;
            };
            let act = step.act();
            match step.on_failure() {
                OnFailure::Stop => return Err(Failed { act, source }),
                OnFailure::Report => {
                    warnings.push(Warning::NotInForce(format!("could not {act}: {source}")));
                }
            }
        }
        Ok(warnings)
    }

    /// What a step has to say and nothing more.
    fn said_by(&self, step: &Step) -> Option<Warning> {
        match step {
            Step::Warn(text) => Some(Warning::Remark(text.clone())),
            Step::LeaveOut(text) => Some(Warning::NotInForce(text.clone())),
            Step::Expect { path, otherwise } if !self.below(path).exists() => {
                Some(Warning::NotInForce(otherwise.clone()))
            }
            _ => None,
        }
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::MakeDir { path, mode, owner } => self.make_dir(path, *mode, *owner),
            Step::WriteFile {
                path,
                mode,
                owner,
                content,
                ..
            } => self.write_file(path, *mode, *owner, &content.0),
            Step::ReplaceDir { path, files } => replace_dir(&self.below(path), files),
            Step::Link { path, target } => self.link(path, target),
            Step::Remove { path } => file::remove(&self.below(path)).map(drop),
            Step::Sysctl { key, value, .. } => self.sysctl(key, value),
            Step::LoadModules { names, .. } => {
                // One process for all: starting one costs more than loading a module.
                let options = ["modprobe", "--all", "--"].map(str::to_owned);
                self.machine.run(&[options.as_slice(), names].concat())
            }
            Step::WifiCountry { country, .. } => self.machine.set_wifi_country(country),
            Step::Copy { from, to, mode } => {
                let content = fs::read(self.below(from))?;
                self.write_file(to, *mode, Owner::ROOT, &content)
            }
            Step::Reload { what, .. } => self.machine.reload(what),
            Step::Bind { from, at, .. } => {
                let (from, at) = (self.below(from), self.below(at));
                // A run after one that failed further on finds it done.
                if is_same(&from, &at)? {
                    return Ok(());
                }
                take_along(&at, &from)?;
                self.machine.bind(&from, &at)
            }
            Step::Warn(_) | Step::LeaveOut(_) | Step::Expect { .. } => Ok(()),
            Step::NoteDamageChoice(choice) => damage_choice::note(&Root::new(&self.root), *choice),
            Step::NoteEncryption(wanted) => encryption::note(&Root::new(&self.root), *wanted),
            Step::SetHostname(name) => self.machine.set_hostname(name),
            Step::Run { command, .. } => self.machine.run(command),
            Step::Command {
                command, budget, ..
            } => self.command(command, *budget),
        }
    }

    fn below(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn make_dir(&mut self, path: &Path, mode: u32, owner: Owner) -> io::Result<()> {
        let folder = Folder::ensure(&self.root, path)?.file()?;
        let is = folder.metadata()?;
        if is.permissions().mode() & 0o7777 != mode {
            folder.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        if (is.uid(), is.gid()) != (owner.uid, owner.gid) {
            self.machine.chown(&folder, path, owner.uid, owner.gid)?;
        }
        Ok(())
    }

    fn write_file(
        &mut self,
        path: &Path,
        mode: u32,
        owner: Owner,
        content: &[u8],
    ) -> io::Result<()> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other("a path without a file name"));
        };
        let folder = Folder::ensure(&self.root, directory)?;
        if is_already(&folder, name, (mode, owner), content)? {
            return Ok(());
        }
        let machine = &mut self.machine;
        folder.write(name, mode, content, |file| {
            let is = file.metadata()?;
            if (is.uid(), is.gid()) == (owner.uid, owner.gid) {
                return Ok(());
            }
            machine.chown(file, path, owner.uid, owner.gid)
        })
    }

    fn command(&mut self, command: &[String], budget: Duration) -> io::Result<()> {
        let left = budget.saturating_sub(self.spent);
        if left.is_zero() {
            return Err(io::Error::other(format!(
                "skipped: the commands before it took all of the {} s that there are",
                budget.as_secs()
            )));
        }
        let began = Instant::now();
        let done = self.machine.command(command, Some(left));
        self.spent += began.elapsed();
        done
    }

    fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let path = self.below(path);
        if fs::read_link(&path).is_ok_and(|is| is == target) {
            return Ok(());
        }
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let temporary = path.with_extension("new-link");
        file::remove(&temporary)?;
        symlink(target, &temporary)?;
        fs::rename(&temporary, &path)
    }

    #[expect(clippy::disallowed_methods, reason = "files of the kernel")]
    fn sysctl(&mut self, key: &str, value: &str) -> io::Result<()> {
        let name = sysctl_path(key);
        let parts: Vec<&str> = name.split('/').collect();
        let paths = matching(&self.below(Path::new("/proc/sys")), &parts)?;
        if paths.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        paths.iter().try_for_each(|path| fs::write(path, value))
    }
}

fn replace_dir(path: &Path, files: &BTreeMap<PathBuf, Content>) -> io::Result<()> {
    if files_below(path)? == *files {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    folder::replace(path, 0o700, |fresh| {
        for (name, content) in files {
            let file = fresh.join(name);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            file::write(&file, 0o600, &content.0)?;
        }
        Ok(())
    })
}

/// All files below a directory, by their paths below it; none where there is no directory.
fn files_below(directory: &Path) -> io::Result<BTreeMap<PathBuf, Content>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(directory.join(&folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else {
                files.insert(name, Content(fs::read(entry.path())?));
            }
        }
    }
    Ok(files)
}

/// Whether two paths lead to one directory.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::metadata(one)?, fs::metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Appends the files of a directory to those of the same names in another.
fn take_along(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let mut file = fs::File::options()
                .create(true)
                .append(true)
                .open(to.join(entry.file_name()))?;
            file.write_all(&fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// `net.ipv4.conf.eth0/1.forwarding` and `net/ipv4/conf/eth0.1/forwarding` name the same parameter (as in sysctl(8)): the
/// separator that comes first is the separator.
fn sysctl_path(key: &str) -> String {
    let dotted = key
        .find(['.', '/'])
        .is_some_and(|at| key[at..].starts_with('.'));
    if !dotted {
        return key.to_owned();
    }
    key.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect()
}

/// The parameters that a name stands for: `*` is every directory, as in `net/ipv4/conf/*/rp_filter`.
fn matching(below: &Path, parts: &[&str]) -> io::Result<Vec<PathBuf>> {
    let Some((first, rest)) = parts.split_first() else {
        return Ok(vec![below.to_owned()]);
    };
    if *first != "*" {
        return matching(&below.join(first), rest);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(below)? {
        paths.extend(matching(&entry?.path(), rest)?);
    }
    Ok(paths)
}

/// True when nothing needs writing: flash wears, and most boots change nothing.
fn is_already(
    folder: &Folder,
    name: &OsStr,
    (mode, owner): (u32, Owner),
    content: &[u8],
) -> io::Result<bool> {
    let Some(mut file) = folder.read(name)? else {
        return Ok(false);
    };
    let is = file.metadata()?;
    let alike =
        is.permissions().mode() & 0o7777 == mode && (is.uid(), is.gid()) == (owner.uid, owner.gid);
    Ok(alike && beneath::holds(&mut file, content)?)
}
