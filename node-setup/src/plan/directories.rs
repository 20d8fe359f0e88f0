//! Directories that programs expect and no installer made: the root image is read-only and state starts empty.

use crate::accounts::Accounts;
use crate::facts::{Facts, VarDir};
use crate::step::Step;
use init_api::paths::{CONFIG_STATE, IMAGES, MANIFESTS, SSH};

pub(super) fn steps(facts: &Facts) -> Vec<Step> {
    let accounts = Accounts::new(&facts.passwd, &facts.group);
    let mut steps = Vec::new();
    // chronyd opens its command socket only in a directory of its own.
    let chrony = VarDir {
        path: "/run/chrony".into(),
        mode: 0o750,
        owner: "_chrony:_chrony".into(),
    };
    for dir in facts.var_dirs.iter().chain([&chrony]) {
        steps.push(match accounts.parse(&dir.owner) {
            Ok(owner) => Step::MakeDir {
                path: dir.path.clone(),
                mode: dir.mode,
                owner,
            },
            Err(why) => Step::LeaveOut(format!("{} is not made: {why}", dir.path.display())),
        });
    }
    steps.push(Step::dir("/run/sshd", 0o755));
    for path in [SSH, CONFIG_STATE, MANIFESTS, IMAGES] {
        steps.push(Step::dir(path, 0o700));
    }
    steps
}
