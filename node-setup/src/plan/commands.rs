//! The user's commands that run before services start.

use crate::facts::Facts;
use crate::step::{OnFailure, Step};
use os_config::{Command, Config};

/// A command that hangs must not keep the node from starting: PID 1 ends the whole configuration after two minutes.
const LIMIT_SECONDS: &str = "60";

pub(super) fn init(config: &Config, facts: &Facts) -> Vec<Step> {
    steps(&config.init_commands, "init_commands", facts)
}

pub(super) fn boot(config: &Config, facts: &Facts) -> Vec<Step> {
    steps(&config.boot_commands, "boot_commands", facts)
}

fn steps(commands: &[Command], key: &str, facts: &Facts) -> Vec<Step> {
    if !facts.first_run {
        return Vec::new();
    }
    let step = |(index, command): (usize, &Command)| Step::Run {
        why: format!("run {key}[{index}]"),
        command: limited(command),
        on_failure: OnFailure::Report,
    };
    commands.iter().enumerate().map(step).collect()
}

fn limited(command: &Command) -> Vec<String> {
    let mut words: Vec<String> = ["timeout", "--kill-after=5", LIMIT_SECONDS]
        .map(str::to_owned)
        .to_vec();
    words.extend(words_of(command));
    words
}

/// Program and arguments of a command.
pub(crate) fn words_of(command: &Command) -> Vec<String> {
    match command {
        Command::Shell(line) => vec!["/bin/bash".to_owned(), "-c".to_owned(), line.clone()],
        Command::Argv(words) => words.clone(),
    }
}
