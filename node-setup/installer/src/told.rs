//! What people are told while it runs, and what is wrong.

use crate::next_start::NotAsked;
use crate::{Doing, Refusal};
use host::with_causes;
use init_api::{InstallState, Problem, Root, paths};
use os_config::AfterInstall;
use std::error::Error;
use std::io;

/// The stick has nothing to do here.
pub(crate) const FROM_DISK: &str =
    "this stick has installed this machine already; the machine starts from its disk";

/// What people are told, on the console and in `holdfast status`.
pub(crate) struct Told<'a> {
    pub(crate) root: &'a Root,
    pub(crate) last: InstallState,
}

impl Told<'_> {
    pub(crate) fn progress(&mut self, title: &str, doing: Doing) {
        // A line for each tenth is enough, and a record that cannot be written is no reason to stop.
        let percent = doing.percent.map(|percent| percent / 10 * 10);
        let _ = self.say(&format!("{title}: {}", doing.what), percent);
    }

    /// What is wrong stays as it is shown until something is being done about it: a serial line cannot be cleared.
    pub(crate) fn say_it_looks(&mut self) -> io::Result<()> {
        match self.last.problem {
            Some(_) => Ok(()),
            None => self.say("looking for the disk", None),
        }
    }

    fn say(&mut self, doing: &str, percent: Option<u8>) -> io::Result<()> {
        self.store(InstallState {
            doing: doing.to_owned(),
            percent,
            ..InstallState::default()
        })
    }

    pub(crate) fn problem(&mut self, problem: Problem) -> io::Result<()> {
        self.store(InstallState {
            doing: "nothing was installed; waiting".to_owned(),
            problem: Some(problem),
            ..InstallState::default()
        })
    }

    pub(crate) fn finish(&mut self, doing: &str) -> io::Result<()> {
        self.store(InstallState {
            doing: doing.to_owned(),
            finished: true,
            ..InstallState::default()
        })
    }

    fn store(&mut self, state: InstallState) -> io::Result<()> {
        if state == self.last {
            return Ok(());
        }
        match state.percent {
            Some(percent) => println!("{} {percent} %", state.doing),
            None => println!("{}", state.doing),
        }
        if let Some(problem) = state
            .problem
            .as_ref()
            .filter(|_| state.problem != self.last.problem)
        {
            println!("{}\n{}\n{}", problem.title, problem.text, problem.cure);
        }
        init_api::store(self.root.path(paths::INSTALL), &state).map_err(io::Error::other)?;
        self.last = state;
        Ok(())
    }
}

pub(crate) fn refused(refusal: &Refusal) -> Problem {
    Problem::new(
        "Nothing was installed: no disk can be taken",
        refusal.to_string(),
        refusal.cure(),
    )
}

pub(crate) fn already(refusal: &Refusal) -> Problem {
    Problem::new(
        "This stick has installed this machine already",
        refusal.to_string(),
        refusal.cure(),
    )
}

/// What a person is asked for when the firmware is not: the stick has to be pulled out.
pub(crate) fn waits(mut problem: Problem, why: &NotAsked) -> Problem {
    problem.text = format!("{}\n{why}", problem.text);
    problem
}

/// What comes after an installation.
pub(crate) fn after(then: AfterInstall, not_asked: Option<&NotAsked>) -> String {
    match (then, not_asked) {
        (AfterInstall::Reboot, None) => {
            "done; this machine starts from its disk. The stick may stay in".to_owned()
        }
        (AfterInstall::Reboot, Some(why)) => format!(
            "done; this machine restarts. Pull the stick out if it starts from it again: {why}"
        ),
        (AfterInstall::PowerOff, None) => {
            "done; this machine switches off. Its next start is from its disk".to_owned()
        }
        (AfterInstall::PowerOff, Some(why)) => {
            format!("done; this machine switches off. Pull the stick out: {why}")
        }
    }
}

pub(crate) fn stick_is_out() -> Problem {
    Problem::new(
        "The install stick was pulled out",
        "The system comes from it. What was begun on a disk is nothing that a machine would start.",
        "Put the stick in, and switch the machine off and on: the installation begins anew.",
    )
}

pub(crate) fn broken_stick(error: &dyn Error) -> Problem {
    Problem::new(
        "Nothing was installed: the stick cannot be read",
        with_causes(error),
        "Flash the stick again, or take another one, and start again.",
    )
}

pub(crate) fn failed(error: &dyn Error) -> Problem {
    Problem::new("Nothing was installed", with_causes(error), "Start again.")
}

pub(crate) fn stopped(title: &str, error: &(dyn Error + 'static)) -> Problem {
    Problem::new(
        format!("The installation {title} did not come to its end"),
        with_causes(error),
        "Nothing on the disk can be started, and the next attempt begins anew: plug the disk or the stick in again, or start again. If it \
         happens again, take another disk, or another stick.",
    )
}

#[cfg(test)]
mod tests {
    use super::Told;
    use crate::Doing;
    use init_api::{InstallState, Problem, Root, load, paths};

    #[test]
    fn a_refusal_stays_until_something_is_done_about_it() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let mut told = Told {
            root: &root,
            last: InstallState::default(),
        };
        let state = || load::<InstallState>(root.path(paths::INSTALL)).expect("a record");
        told.say_it_looks().expect("written");
        assert_eq!(state().line(), "installing: looking for the disk");
        let problem = Problem::new("Nothing was installed", "text", "cure");
        told.problem(problem.clone()).expect("written");
        let refused = state();
        assert_eq!(refused.problem, Some(problem));
        told.say_it_looks().expect("nothing is to be written");
        assert_eq!(state(), refused);
        let doing = |percent| Doing {
            what: "writing the system",
            percent: Some(percent),
        };
        for (percent, line) in [
            (0, "installing: onto it: writing the system, 0 %"),
            (19, "installing: onto it: writing the system, 10 %"),
            (100, "installing: onto it: writing the system, 100 %"),
        ] {
            told.progress("onto it", doing(percent));
            assert_eq!(state().line(), line);
            assert_eq!(state().problem, None);
        }
        told.finish("done").expect("written");
        assert!(state().finished);
    }
}
