//! `holdfast keys`: the keys that vouch for releases.

use crate::lifetime::{self, SigningTimes};
use crate::out;
use crate::release::wait_for;
use clap::{Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use release::keys::{Init, init};
use release::publish::{Role, Rotation, rotate};
use std::path::PathBuf;
use std::process::ExitCode;

/// Make and change the keys that sign releases
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make keys for all roles, and the root that images are built with
    #[command(
        after_help = "Writes root-1.pem, root-2.pem, …, targets-1.pem, snapshot-1.pem and timestamp-1.pem (ed25519, PKCS#8, 0600),\n\
        1.root.json and root.json. Nothing is ever overwritten. Move the root keys to a safe place: releases do not need them."
    )]
    Init(InitArgs),
    /// Give a role a new key, and sign the next root with it
    Rotate(RotateArgs),
}

#[derive(Debug, clap::Args)]
struct InitArgs {
    /// Folder of the keys
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// How many root keys; more than must sign, so that one can be lost
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    root_keys: u8,
    /// How many root keys must sign a new root
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    threshold: u8,
    /// How long the root counts; a new one can be signed at any time
    #[arg(long, value_name = "TIME", default_value = "3650d", value_parser = lifetime::parse)]
    expires: SignedDuration,
}

#[derive(Debug, clap::Args)]
struct RotateArgs {
    /// Folder of the keys, with enough root keys
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Folder of the repository
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// Whose key; of the root keys the oldest is exchanged
    #[arg(long, value_enum)]
    role: RoleName,
    /// How long the new root counts
    #[arg(long, value_name = "TIME", default_value = "3650d", value_parser = lifetime::parse)]
    root_expires: SignedDuration,
    #[command(flatten)]
    times: SigningTimes,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Root,
    Targets,
    Snapshot,
    Timestamp,
}

impl RoleName {
    const fn role(self) -> Role {
        match self {
            RoleName::Root => Role::Root,
            RoleName::Targets => Role::Targets,
            RoleName::Snapshot => Role::Snapshot,
            RoleName::Timestamp => Role::Timestamp,
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    match args.action {
        Action::Init(args) => {
            let files = init(&Init {
                folder: args.dir,
                root_keys: args.root_keys,
                threshold: args.threshold,
                expires: now + args.expires,
            })?;
            for file in files {
                out::line(file.display())?;
            }
        }
        Action::Rotate(args) => {
            let rotation = Rotation {
                repo: args.repo,
                keys: args.dir,
                role: args.role.role(),
                root_expires: now + args.root_expires,
                lifetimes: args.times.lifetimes(),
            };
            let (file, root) = wait_for(rotate(&rotation, now))??;
            out::line(format_args!(
                "{} signs from now on; root {root} says so",
                file.display()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
