//! The user's own files.

use crate::accounts::Accounts;
use crate::facts::Facts;
use crate::step::{Content, OnFailure, Step};
use os_config::Config;

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let accounts = Accounts::new(&facts.passwd, &facts.group);
    let mut steps = Vec::new();
    for file in &config.write_files {
        let owner = match accounts.owner(file.owner.user(), file.owner.group()) {
            Ok(owner) => owner,
            Err(why) => {
                steps.push(Step::LeaveOut(format!(
                    "write_files: {} is not written: {why}",
                    file.path
                )));
                continue;
            }
        };
        steps.push(Step::WriteFile {
            path: file.path.as_str().into(),
            mode: file.permissions.bits(),
            owner,
            content: Content(file.content.as_slice().to_vec()),
            on_failure: OnFailure::Report,
        });
    }
    steps
}
