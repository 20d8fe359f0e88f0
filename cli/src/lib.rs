//! The `holdfast` command line.
//!
//! One binary for the node (feature `node`) and for the build host (feature `workstation`). Each command is a module with
//! `Args` and `run`; nothing here decides, it only dispatches.

#![forbid(unsafe_code)]
// They end the program when nobody reads any more: `out` has what does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

#[cfg(feature = "node")]
mod authorities;
#[cfg(feature = "node")]
mod backup;
#[cfg(feature = "node")]
mod boot_times;
#[cfg(feature = "workstation")]
pub mod build;
#[cfg(feature = "workstation")]
mod bundle;
#[cfg(feature = "node")]
mod client;
mod config;
mod duration;
#[cfg(feature = "workstation")]
mod flash;
#[cfg(any(feature = "node", feature = "workstation"))]
mod input;
#[cfg(feature = "workstation")]
mod keys;
#[cfg(feature = "node")]
mod kubeconfig;
#[cfg(feature = "workstation")]
mod lifetime;
#[cfg(feature = "node")]
mod logs;
#[cfg(feature = "node")]
mod network;
#[cfg(feature = "node")]
mod node;
mod out;
#[cfg(feature = "node")]
mod pods;
#[cfg(feature = "node")]
mod power;
#[cfg(feature = "workstation")]
mod release;
mod report;
#[cfg(feature = "workstation")]
mod rescue;
#[cfg(feature = "node")]
mod reset;
#[cfg(feature = "node")]
mod restore;
#[cfg(feature = "node")]
mod runtime;
#[cfg(feature = "node")]
mod service;
#[cfg(feature = "node")]
mod service_log;
#[cfg(feature = "workstation")]
mod signing_key;
#[cfg(feature = "node")]
mod state_key;
#[cfg(feature = "node")]
mod status;
#[cfg(feature = "node")]
mod stick;
#[cfg(feature = "node")]
mod support_bundle;
#[cfg(any(feature = "node", feature = "workstation"))]
mod table;
#[cfg(feature = "node")]
mod upgrade;
#[cfg(feature = "workstation")]
pub mod vm;

use clap::{Parser, Subcommand};
pub use report::report;
use std::process::ExitCode;

/// Holdfast: an immutable operating system for Kubernetes at the edge.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, max_term_width = 100)]
pub struct Holdfast {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Config(config::Args),
    #[cfg(feature = "workstation")]
    Build(build::Args),
    #[cfg(feature = "workstation")]
    Flash(Box<flash::Args>),
    #[cfg(feature = "workstation")]
    Vm(vm::Args),
    #[cfg(feature = "workstation")]
    Keys(keys::Args),
    #[cfg(feature = "workstation")]
    Release(release::Args),
    #[cfg(feature = "workstation")]
    Bundle(Box<bundle::Args>),
    #[cfg(feature = "workstation")]
    Rescue(rescue::Args),
    /// Show what the node is, how it is, and what is wrong
    #[cfg(feature = "node")]
    Status(status::Args),
    #[cfg(feature = "node")]
    Service(service::Args),
    /// Show a service's output
    #[cfg(feature = "node")]
    Logs(logs::Args),
    /// Show where the time of the boot went
    #[cfg(feature = "node")]
    BootTimes(boot_times::Args),
    #[cfg(feature = "node")]
    SupportBundle(support_bundle::Args),
    #[cfg(feature = "node")]
    Backup(backup::Args),
    #[cfg(feature = "node")]
    Restore(restore::Args),
    #[cfg(feature = "node")]
    Reset(reset::Args),
    #[cfg(feature = "node")]
    RecoveryKey(state_key::RecoveryKey),
    #[cfg(feature = "node")]
    Unlock(state_key::Unlock),
    #[cfg(feature = "node")]
    Upgrade(upgrade::Args),
    /// Show the containers of pods, also when the API server is down
    #[cfg(feature = "node")]
    Pods(pods::Args),
    /// Print a kubeconfig for use from another machine
    #[cfg(feature = "node")]
    Kubeconfig(kubeconfig::Args),
    #[cfg(feature = "node")]
    Authorities(authorities::Args),
    /// Shut down in order and start anew
    #[cfg(feature = "node")]
    Reboot(power::Args),
    /// Shut down in order and switch off
    #[cfg(feature = "node")]
    Poweroff(power::Args),
    #[cfg(feature = "node")]
    #[command(hide = true)]
    Node(node::Args),
    #[cfg(feature = "node")]
    #[command(hide = true)]
    Runtime(runtime::Args),
}

/// Runs one command.
///
/// # Errors
/// Whatever stopped the command; the chain of causes is meant to be printed by [`report`].
pub fn run(holdfast: Holdfast) -> anyhow::Result<ExitCode> {
    match holdfast.command {
        Command::Config(args) => config::run(args),
        #[cfg(feature = "workstation")]
        Command::Build(args) => build::run(args),
        #[cfg(feature = "workstation")]
        Command::Flash(args) => flash::run(&args),
        #[cfg(feature = "workstation")]
        Command::Vm(args) => vm::run(args),
        #[cfg(feature = "workstation")]
        Command::Keys(args) => keys::run(args),
        #[cfg(feature = "workstation")]
        Command::Release(args) => release::run(args),
        #[cfg(feature = "workstation")]
        Command::Bundle(args) => bundle::run(*args),
        #[cfg(feature = "workstation")]
        Command::Rescue(args) => rescue::run(args),
        #[cfg(feature = "node")]
        Command::Status(args) => status::run(&args),
        #[cfg(feature = "node")]
        Command::Service(args) => service::run(&args),
        #[cfg(feature = "node")]
        Command::Logs(args) => logs::run(&args),
        #[cfg(feature = "node")]
        Command::BootTimes(args) => boot_times::run(&args),
        #[cfg(feature = "node")]
        Command::SupportBundle(args) => support_bundle::run(&args),
        #[cfg(feature = "node")]
        Command::Backup(args) => backup::run(&args),
        #[cfg(feature = "node")]
        Command::Restore(args) => restore::run(&args),
        #[cfg(feature = "node")]
        Command::Reset(args) => reset::run(&args),
        #[cfg(feature = "node")]
        Command::RecoveryKey(args) => state_key::recovery_key(&args),
        #[cfg(feature = "node")]
        Command::Unlock(args) => state_key::unlock(&args),
        #[cfg(feature = "node")]
        Command::Upgrade(args) => upgrade::run(args),
        #[cfg(feature = "node")]
        Command::Pods(args) => pods::run(&args),
        #[cfg(feature = "node")]
        Command::Kubeconfig(args) => kubeconfig::run(&args),
        #[cfg(feature = "node")]
        Command::Authorities(args) => authorities::run(&args),
        #[cfg(feature = "node")]
        Command::Reboot(args) => power::reboot(&args),
        #[cfg(feature = "node")]
        Command::Poweroff(args) => power::poweroff(&args),
        #[cfg(feature = "node")]
        Command::Node(args) => node::run(args),
        #[cfg(feature = "node")]
        Command::Runtime(args) => runtime::run(&args),
    }
}
