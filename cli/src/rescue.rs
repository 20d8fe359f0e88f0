//! `holdfast rescue`: a script for machines that nobody can log in to, onto a stick.

use crate::{duration, lifetime, out};
use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use release::RescueOrder;
use release::keys::sign_rescue;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Have machines that nobody can log in to run a script from a USB stick
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sign a script with the keys that sign releases, and put it onto a stick
    #[command(
        after_help = "Writes rescue.sh and rescue.json. The stick needs a file system that nodes read (FAT32, exFAT or ext4) and the label\n\
        HOLDFAST. A machine that is started with it runs the script as root in maintenance mode (bash; $1 is the folder of the stick),\n\
        leaves what it said in rescue-HOSTNAME.log on the stick, and restarts if it ended with 0. Each machine runs it once."
    )]
    Sign(SignArgs),
}

#[derive(Debug, clap::Args)]
struct SignArgs {
    /// The script
    script: PathBuf,
    /// Folder of the keys: those of the role `targets` sign
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// The mounted stick, or a folder whose content is copied to one
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// How long machines take the order; who finds the stick can use it until then, on every machine that trusts the keys
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = lifetime::parse)]
    expires: SignedDuration,
    /// How long the script may take on a machine; then it is ended
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration::parse)]
    within: Duration,
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Sign(args) => sign(&args),
    }
}

fn sign(args: &SignArgs) -> anyhow::Result<ExitCode> {
    // Just more than what is allowed, so that it is told of what has no end, too.
    let mut script = Vec::new();
    File::open(&args.script)
        .and_then(|file| {
            file.take(RescueOrder::LARGEST_SCRIPT as u64 + 1)
                .read_to_end(&mut script)
        })
        .with_context(|| format!("cannot read {}", args.script.display()))?;
    can_run(&script, &args.script)?;
    let longest = RescueOrder::LONGEST;
    ensure!(
        (Duration::from_secs(1)..=longest).contains(&args.within),
        "--within must be between 1s and {}h",
        longest.as_secs() / 3600
    );
    let expires = Timestamp::now() + args.expires;
    let order = sign_rescue(&args.keys, &script, expires, args.within)?;
    if !args.output.is_dir() {
        bail!(
            "{} is no folder: mount the stick, and name where",
            args.output.display()
        );
    }
    for (name, content) in [("rescue.sh", &script), ("rescue.json", &order)] {
        let path = args.output.join(name);
        host::file::write(&path, 0o644, content)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    out::line(format_args!(
        "{} has rescue.sh and rescue.json, which counts until {:.0}",
        args.output.display(),
        expires
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What would fail on every machine.
fn can_run(script: &[u8], path: &Path) -> anyhow::Result<()> {
    let path = path.display();
    ensure!(!script.trim_ascii().is_empty(), "{path} is empty");
    let most = RescueOrder::LARGEST_SCRIPT;
    ensure!(
        script.len() <= most,
        "{path} has more than {} MiB: put what it needs beside it on the stick",
        most >> 20
    );
    ensure!(
        !script.windows(2).any(|pair| pair == b"\r\n"),
        "{path} has lines that end as on Windows (CR LF), which no shell reads: save it with LF"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::can_run;
    use std::path::Path;

    #[test]
    fn scripts_that_no_machine_could_run_are_refused() {
        for (script, said) in [
            (&b"hostname\n"[..], None),
            (b" \n", Some("is empty")),
            (b"hostname\r\n", Some("CR LF")),
            (&vec![b'#'; (8 << 20) + 1], Some("more than 8 MiB")),
        ] {
            let error = can_run(script, Path::new("fix.sh")).err();
            let error = error.map(|error| error.to_string());
            assert_eq!(
                error
                    .as_deref()
                    .zip(said)
                    .map(|(error, said)| error.contains(said)),
                said.map(|_| true),
                "{error:?}"
            );
        }
    }
}
