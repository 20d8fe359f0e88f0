//! Which configuration a node runs by: one pure function.
//!
//! | what the sources say | asked for maintenance | a last good one that is readable | the node |
//! |---|---|---|---|
//! | right | no | any | runs by its sources |
//! | right, with `install` | no | any | installs, if they may say so: see [`may_install`] |
//! | wrong, missing, unreadable | no | yes | runs by the last good one, workloads and all, and says so |
//! | wrong, missing, unreadable | no | no | is in maintenance mode, reached by the defaults |
//! | right | yes | any | is in maintenance mode, reached as its sources say |
//! | wrong, missing, unreadable | yes | yes | is in maintenance mode, reached as the last good one says |
//! | wrong, missing, unreadable | yes | no | is in maintenance mode, reached by the defaults |
//!
//! The running release's own last good one comes before those of others, and of those the one that ran last. So a slot of an
//! older release that finds keys that it does not know runs by the last configuration that *it* accepted.

use init_api::Problem;
use os_config::{Source, SourceName};

/// What there is to choose from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// What the sources say together: something right, or what is wrong with it.
    pub own: Result<Purpose, &'a Problem>,
    /// The configurations that were good before, in any order.
    pub last_goods: &'a [Candidate<'a>],
    /// The release that is running.
    pub release: &'a str,
    /// Who asks for maintenance mode, if somebody does, in words that follow "by".
    pub maintenance_asked_by: Option<&'a str>,
}

/// A configuration that was good before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate<'a> {
    /// Its file.
    pub path: &'a str,
    /// The release that accepted it.
    pub release: &'a str,
    /// The higher, the later it was in force.
    pub number: u64,
}

/// What the sources want of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be a node.
    Node,
    /// To install.
    Install,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The sources' own.
    Own,
    /// This machine was started from an install stick.
    Install,
    /// The last good one at this place of the list, workloads and all.
    LastGood {
        /// Its place.
        at: usize,
        /// Why it stands in.
        instead: Problem,
    },
    /// Maintenance mode.
    Maintenance {
        /// By which configuration the node is reached.
        ways_in: WaysIn,
        /// Why.
        problem: Problem,
    },
}

/// By which configuration a node in maintenance mode has its network and lets people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaysIn {
    /// By its sources.
    Own,
    /// By the last good one at this place of the list.
    LastGood(usize),
    /// By the defaults.
    Defaults,
}

/// Chooses. `reads` says whether the running release can read a candidate; none is asked that is not needed. Also gives the
/// candidates that would have been chosen, but cannot be read.
pub(crate) fn choose(given: Given<'_>, reads: impl FnMut(usize) -> bool) -> (Choice, Vec<usize>) {
    match (given.own, given.maintenance_asked_by) {
        (Ok(Purpose::Node), None) => (Choice::Own, Vec::new()),
        (Ok(Purpose::Install), None) => (Choice::Install, Vec::new()),
        (Ok(_), Some(by)) => {
            let (ways_in, problem) = (WaysIn::Own, maintenance_was_asked(by, None));
            (Choice::Maintenance { ways_in, problem }, Vec::new())
        }
        (Err(wrong), None) => {
            let (best, unreadable) = first_readable(given, reads);
            let choice = match best {
                Some(at) => Choice::LastGood {
                    at,
                    instead: runs_by_last_good(given, at, wrong),
                },
                None => Choice::Maintenance {
                    ways_in: WaysIn::Defaults,
                    problem: wrong.clone(),
                },
            };
            (choice, unreadable)
        }
        (Err(wrong), Some(by)) => {
            let (best, unreadable) = first_readable(given, reads);
            let ways_in = best.map_or(WaysIn::Defaults, WaysIn::LastGood);
            let problem = maintenance_was_asked(by, Some(wrong));
            (Choice::Maintenance { ways_in, problem }, unreadable)
        }
    }
}

/// Whether a configuration that has `install` may have it. Where it may not, that is a mistake of the sources like any other, so that a
/// node that has run keeps running by its last good configuration.
///
/// # Errors
/// What is wrong with it, for a person.
pub(crate) fn may_install(said_by: &[&Source], is_node: bool) -> Result<(), Problem> {
    if is_node {
        return Err(Problem::new(
            "`install` is in the configuration of a node",
            "The disk that this machine was started from runs a node already, with a cluster and its data. `install` is for a stick that was \
             flashed and never ran as a node.",
            "Remove `install` from config.yaml. To install, flash a stick, and put the key into config.yaml on its CONFIG partition.",
        ));
    }
    let own = |source: &&&Source| source.name != SourceName::ConfigPartition;
    match said_by.iter().find(own) {
        None => Ok(()),
        Some(source) => Err(Problem::new(
            "`install` may only be said by the CONFIG partition",
            format!("It also comes from: {} ({}).", source.name, source.origin),
            "Remove it there. What is installed where is said by config.yaml on the CONFIG partition of the stick, and by nothing that can be \
             plugged in or fetched.",
        )),
    }
}

/// By which configuration a node is reached whose own is right and cannot be applied.
pub(crate) fn ways_in(
    last_goods: &[Candidate<'_>],
    release: &str,
    mut reads: impl FnMut(usize) -> bool,
) -> WaysIn {
    let order = in_order(last_goods, release);
    let best = order.into_iter().find(|at| reads(*at));
    best.map_or(WaysIn::Defaults, WaysIn::LastGood)
}

/// The places of candidates in the order in which they are taken.
pub(crate) fn in_order(last_goods: &[Candidate<'_>], release: &str) -> Vec<usize> {
    let mut order: Vec<usize> = (0..last_goods.len()).collect();
    order.sort_by_key(|at| {
        let one = last_goods[*at];
        (one.release != release, std::cmp::Reverse(one.number))
    });
    order
}

/// The first readable one in order, and those before it.
fn first_readable(
    given: Given<'_>,
    mut reads: impl FnMut(usize) -> bool,
) -> (Option<usize>, Vec<usize>) {
    let mut unreadable = Vec::new();
    for at in in_order(given.last_goods, given.release) {
        if reads(at) {
            return (Some(at), unreadable);
        }
        unreadable.push(at);
    }
    (None, unreadable)
}

fn runs_by_last_good(given: Given<'_>, at: usize, wrong: &Problem) -> Problem {
    let it = given.last_goods[at];
    let mut text = format!(
        "{}\n\nThe node runs by the last configuration that was right, {}, which release {} accepted. Nothing is removed from \
         the cluster meanwhile.",
        wrong.text.trim_end(),
        it.path,
        it.release
    );
    let later = given
        .last_goods
        .iter()
        .filter(|other| other.release != given.release && other.number > it.number)
        .max_by_key(|other| other.number);
    if let Some(later) = later {
        text.push_str(&format!(
            " Release {} ran here later: what it accepted may have keys that this release, {}, does not know.",
            later.release, given.release
        ));
    }
    Problem::new(wrong.title.clone(), text, wrong.cure.clone())
}

fn maintenance_was_asked(by: &str, wrong: Option<&Problem>) -> Problem {
    let mut text = format!("By {by}. The cluster is not started.");
    if let Some(wrong) = wrong {
        text.push_str(&format!(
            "\n\nBesides: {}\n{}",
            wrong.title,
            wrong.text.trim_end()
        ));
    }
    Problem::new(
        "Maintenance mode was asked for",
        text,
        "Mend what you came for. A restart ends maintenance mode, unless a word on the kernel's command line or a stick asks again: take that away before.",
    )
}

#[cfg(test)]
mod tests;
