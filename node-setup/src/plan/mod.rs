//! From a checked configuration and the facts of the node to a list of steps. Pure: nothing here touches the node.
//!
//! The order matters: init commands, directories, kernel, files that programs read at their start, what the user writes
//! (so that it can replace what is ours), boot commands.

mod commands;
mod containerd;
mod directories;
mod downloads;
mod environment;
mod files;
mod firewall;
mod heading;
mod identity;
mod kernel;
mod keyfile;
mod logs;
mod network;
mod password;
mod records;
mod reload;
mod ssh;
mod state_disk;
mod swap;
mod time;

use crate::facts::{BEGUN, Facts};
use crate::step::Step;
use os_config::Config;

pub(crate) use commands::program_and_arguments;
pub(crate) use containerd::containerd;
pub(crate) use downloads::image_file;
pub(crate) use environment::variables;
pub(crate) use firewall::file as firewall_file;
pub(crate) use identity::hostname;
pub(crate) use network::{file_name, has_last_resort, last_resort_profile};
pub(crate) use records::{records, services_alone};
pub(crate) use reload::read_at_start;
pub(crate) use ssh::{FETCHED_KEYS, fetched_keys};

/// What every run begins with: from now on services may start that must be told of changes, however the run ends.
pub(crate) fn begin() -> Vec<Step> {
    vec![Step::file(BEGUN, 0o600, "")]
}

/// Everything a configured node needs.
pub fn plan(config: &Config, facts: &Facts) -> Vec<Step> {
    let mut steps = logs::steps(config, facts);
    steps.extend(commands::init(config, facts));
    steps.extend(base(config, facts));
    steps.extend(state_disk::steps(config, facts));
    steps.extend(kernel::steps(config, facts));
    steps.extend(swap::steps(config, facts));
    steps.extend(downloads::steps(config, facts));
    steps.extend(files::steps(config, facts));
    steps.extend(commands::boot(config, facts));
    steps.extend(reload::steps(&steps, config, facts));
    steps
}

/// What a node in maintenance mode needs to be reached and mended: identity, accounts, time, network, ssh. None of the user's
/// files and commands.
pub fn plan_maintenance(config: &Config, facts: &Facts) -> Vec<Step> {
    let mut steps = base(config, facts);
    steps.extend(reload::steps(&steps, config, facts));
    steps
}

fn base(config: &Config, facts: &Facts) -> Vec<Step> {
    let mut steps = directories::steps(facts);
    steps.extend(identity::steps(config, facts));
    steps.extend(password::steps(config, facts));
    steps.extend(time::steps(config));
    steps.extend(environment::steps(config, facts));
    steps.extend(network::steps(config, facts));
    steps.extend(firewall::steps(config, facts));
    steps.extend(ssh::steps(config, facts));
    steps
}
