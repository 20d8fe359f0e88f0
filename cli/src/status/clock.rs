//! Whom the clock is kept by, as chronyd says.

use host::Command;
use init_api::Millis;
use std::time::Duration;

/// With the names that stand in the configuration, and for programs.
const ASK: [&str; 3] = ["-N", "-c", "sources"];
/// How long a chronyd that hangs may hold up the rest.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is said of the last answer of a server that has given none.
const NEVER: u64 = 4_294_967_295;

/// Nothing where chronyd does not run, which the table of services shows, or is not to be asked.
pub(super) fn clock() -> Option<String> {
    let ask = Command::new("/usr/bin/chronyc").args(ASK);
    let said = ask.within(PATIENCE).run().ok()?;
    line(&said.text())
}

/// A time server.
struct Server<'a> {
    name: &'a str,
    state: char,
    /// How long ago an answer was taken from it, in seconds.
    last: Option<u64>,
    /// Whether one of the last eight questions was answered.
    answers: bool,
}

impl<'a> Server<'a> {
    /// A line has mode, state, name, stratum, interval, the last eight answers as octal bits, seconds since the last one, and more.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(',').skip(1);
        let state = fields.next()?.chars().next()?;
        let name = fields.next()?;
        let answers = fields.nth(2)? != "0";
        let last = fields.next()?.parse().ok()?;
        Some(Self {
            name,
            state,
            last: Some(last).filter(|last| *last != NEVER),
            answers,
        })
    }
}

fn line(sources: &str) -> Option<String> {
    let servers: Vec<Server<'_>> = sources.lines().filter_map(Server::parse).collect();
    let those = |state: char| {
        let those = servers.iter().filter(move |server| server.state == state);
        those.map(|server| server.name).collect::<Vec<_>>()
    };
    let others = those('x').join(", ");
    if let Some(keeper) = those('*').first() {
        let others = match others.as_str() {
            "" => String::new(),
            others => format!("; another time comes from {others}"),
        };
        return Some(format!("kept by {keeper}{others}"));
    }
    let all = servers.len();
    let answering = servers.iter().filter(|server| server.answers).count();
    let why = match (answering, others.as_str()) {
        (0, _) => format!(
            "no time server of {all} has given an answer that counts{}",
            lately(&servers)
        ),
        (_, "") => format!("{answering} of {all} time servers answer, which is not enough (yet)"),
        (_, others) => format!("time servers disagree: {others}"),
    };
    (all > 0).then(|| format!("not kept: {why}; see `holdfast logs time`"))
}

fn lately(servers: &[Server<'_>]) -> String {
    match servers.iter().filter_map(|server| server.last).min() {
        Some(seconds) => format!(" for {}", Millis::seconds(seconds).rounded()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    /// How a line goes on.
    const TAILS: [(&str, &str); 3] = [
        (
            "NEVER",
            "0,6,0,4294967295,0.000000000,0.000000000,0.000000000",
        ),
        ("NOW", "1,6,17,6,-0.000000202,-0.000021519,0.000013282"),
        ("GONE", "1,10,0,10800,-0.000000202,-0.000021519,0.000013282"),
    ];

    #[test]
    fn whom_the_clock_is_kept_by() {
        for (case, servers, expected) in [
            ("none are known", "", ""),
            ("no line of it", "506 Cannot talk to daemon", ""),
            ("kept", "^,*,a,NOW\n^,?,b,NEVER\n", "kept by a"),
            (
                "one lies",
                "^,x,a,NOW\n^,-,b,NOW\n^,*,c,NOW\n",
                "kept by c; another time comes from a",
            ),
            (
                "never",
                "^,?,a,NEVER\n^,?,b,NEVER\n",
                "not kept: no time server of 2 has given an answer that counts; see `holdfast logs time`",
            ),
            (
                "no longer",
                "^,?,a,GONE\n^,?,b,NEVER\n",
                "not kept: no time server of 2 has given an answer that counts for 3 h 0 min; see `holdfast logs time`",
            ),
            (
                "no majority",
                "^,x,a,NOW\n^,x,b,NOW\n",
                "not kept: time servers disagree: a, b; see `holdfast logs time`",
            ),
            (
                "too few",
                "^,?,a,NOW\n^,?,b,NEVER\n",
                "not kept: 1 of 2 time servers answer, which is not enough (yet); see `holdfast logs time`",
            ),
        ] {
            let whole = |text: String, (name, tail): (&str, &str)| text.replace(name, tail);
            let sources = TAILS.into_iter().fold(servers.to_owned(), whole);
            assert_eq!(line(&sources).unwrap_or_default(), expected, "{case}");
        }
    }
}
