//! `holdfast logs SERVICE`: a service's output, as PID 1 keeps it.

use crate::client::on_a_node;
use crate::out;
use anyhow::{Context, bail};
use init_api::ServiceName;
use inotify::{Inotify, WatchMask};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The service, as `holdfast status` names it; without one, the names of all logs
    service: Option<String>,
    /// Go on printing what the service writes
    #[arg(short, long)]
    follow: bool,
    /// Only the last lines, so many
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
    /// What they were at the end of the last trial of a release that ran out of time
    #[arg(long, conflicts_with = "follow")]
    trial: bool,
    /// Where the logs are
    #[arg(long, hide = true, default_value = init_api::paths::LOGS)]
    directory: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let directory = directory(args);
    if !directory.exists() {
        on_a_node()?;
        if args.trial {
            bail!("no trial of a release ran out of time on this node");
        }
    }
    let Some(service) = &args.service else {
        for name in names(directory)? {
            out::line(name)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let name = ServiceName::new(service.as_str())?;
    let path = directory.join(format!("{}.log", name.as_str()));
    let older = directory.join(format!("{}.log.1", name.as_str()));
    if !path.exists() && !older.exists() {
        bail!(
            "there is no log of {service}; there are: {}",
            names(directory)?.join(", ")
        );
    }
    let mut follower = Follower::open(&path)?;
    let mut text = read_if_there(&older)?;
    follower.read_on(&mut text)?;
    let mut out = io::stdout().lock();
    let reader_stays = print(&mut out, last(&text, args.lines))?;
    if args.follow && reader_stays {
        follower.follow(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn directory(args: &Args) -> &Path {
    if args.trial {
        Path::new(init_api::paths::TRIAL_LOGS)
    } else {
        &args.directory
    }
}

fn names(directory: &Path) -> anyhow::Result<Vec<String>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let files = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".log").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

fn read_if_there(path: &Path) -> anyhow::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Prints; false when the reader went away (`| head`), which is no error.
fn print(out: &mut impl Write, bytes: &[u8]) -> anyhow::Result<bool> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

/// The last `lines` lines.
fn last(text: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else { return text };
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let ends = body
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n');
    match (
        lines,
        ends.map(|(at, _)| at + 1).nth(lines.saturating_sub(1)),
    ) {
        (0, _) => &[],
        (_, Some(start)) => &text[start..],
        (_, None) => text,
    }
}

/// Reads a log that PID 1 may put aside at any moment to begin a new one.
struct Follower {
    path: PathBuf,
    events: Inotify,
    file: Option<File>,
}

impl Follower {
    /// Watches before it reads, so that nothing falls between.
    fn open(path: &Path) -> anyhow::Result<Self> {
        let events = Inotify::init().context("cannot watch files")?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let what = WatchMask::MODIFY | WatchMask::CREATE | WatchMask::MOVED_TO;
        events
            .watches()
            .add(directory, what)
            .with_context(|| format!("cannot watch {}", directory.display()))?;
        let file = open_if_there(path)?;
        Ok(Follower {
            path: path.to_owned(),
            events,
            file,
        })
    }

    /// What came since the last time, also from a log that was begun meanwhile.
    fn read_on(&mut self, text: &mut Vec<u8>) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.read_to_end(text)?;
        }
        let newer = open_if_there(&self.path)?;
        let changed = match (&self.file, &newer) {
            (Some(old), Some(new)) => {
                old.metadata()?.ino() != new.metadata()?.ino()
                    || new.metadata()?.len() < stands_at(old)?
            }
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if changed {
            self.file = newer;
            if let Some(file) = &mut self.file {
                file.read_to_end(text)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let mut text = Vec::new();
            self.read_on(&mut text)?;
            if !print(out, &text)? {
                return Ok(());
            }
            self.events
                .read_events_blocking(&mut buffer)
                .context("cannot watch the log")?;
        }
    }
}

fn open_if_there(path: &Path) -> anyhow::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn stands_at(mut file: &File) -> io::Result<u64> {
    file.stream_position()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn those_of_a_trial_lie_elsewhere_and_nobody_writes_to_them() {
        use clap::Parser as _;
        let parse = |words: &[&str]| Line::try_parse_from([&["logs"], words].concat());
        let args = parse(&["--trial", "app"]).expect("known").args;
        assert_eq!(directory(&args), Path::new(init_api::paths::TRIAL_LOGS));
        let args = parse(&["app"]).expect("known").args;
        assert_eq!(directory(&args), Path::new(init_api::paths::LOGS));
        assert!(parse(&["--trial", "-f", "app"]).is_err());
    }

    #[test]
    fn last_lines() {
        let cases: [(&[u8], Option<usize>, &[u8]); 6] = [
            (b"a\nb\nc\n", None, b"a\nb\nc\n"),
            (b"a\nb\nc\n", Some(2), b"b\nc\n"),
            (b"a\nb\nc", Some(1), b"c"),
            (b"a\nb\n", Some(9), b"a\nb\n"),
            (b"a\nb\n", Some(0), b""),
            (b"", Some(3), b""),
        ];
        for (text, lines, expected) in cases {
            assert_eq!(last(text, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn nothing_is_lost_when_the_log_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ssh.log");
        fs::write(&path, "one\n").unwrap();
        let mut follower = Follower::open(&path).unwrap();
        let mut text = Vec::new();
        follower.read_on(&mut text).unwrap();
        let mut old = File::options().append(true).open(&path).unwrap();
        old.write_all(b"two\n").unwrap();
        fs::rename(&path, directory.path().join("ssh.log.1")).unwrap();
        fs::write(&path, "three\n").unwrap();
        follower.read_on(&mut text).unwrap();
        assert_eq!(text, b"one\ntwo\nthree\n");
    }
}
