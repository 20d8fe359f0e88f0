//! The user's commands that run before services start.

use crate::facts::{BOOT_RAN, Facts, INIT_RAN};
use crate::step::Step;
use os_config::{Command, Config};
use std::time::Duration;

/// Commands that hang must not keep the node from starting: PID 1 ends the whole configuration after two minutes.
const BUDGET: Duration = Duration::from_secs(60);

pub(super) fn init(config: &Config, facts: &Facts) -> Vec<Step> {
    match facts.init_commands_ran {
        true => Vec::new(),
        false => once(INIT_RAN, "init_commands", &config.init_commands),
    }
}

pub(super) fn boot(config: &Config, facts: &Facts) -> Vec<Step> {
    match facts.boot_commands_ran {
        true => Vec::new(),
        false => once(BOOT_RAN, "boot_commands", &config.boot_commands),
    }
}

/// They count as run before the first one is: a run that is cut short must not do them twice.
fn once(mark: &str, key: &str, commands: &[Command]) -> Vec<Step> {
    let mut steps = vec![Step::file(mark, 0o600, "")];
    let step = |(index, command): (usize, &Command)| Step::Command {
        key: format!("{key}[{index}]"),
        command: program_and_arguments(command),
        budget: BUDGET,
    };
    steps.extend(commands.iter().enumerate().map(step));
    steps
}

/// Program and arguments of a command.
pub(crate) fn program_and_arguments(command: &Command) -> Vec<String> {
    match command {
        Command::Shell(line) => vec!["/bin/bash".to_owned(), "-c".to_owned(), line.clone()],
        Command::Argv(words) => words.clone(),
    }
}
