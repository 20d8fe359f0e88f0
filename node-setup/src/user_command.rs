//! Running a command that the user wrote.
//!
//! Its output is this process's own, and only its end is waited for: a pipe would stay open for as long as anything it left
//! in the background runs. It gets a control group apart from this process's, which PID 1 clears when this process has ended.

use host::{Command, CommandError};
use init_api::paths::{SYSTEM_PROGRAMS, USER_PROGRAMS};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Where all of the user's commands live, beside the services.
const GROUP: &str = "/sys/fs/cgroup/system/user-commands";
/// Enters the group by itself, so that nothing it starts can be left behind in ours, and becomes the command.
const ENTER: &str = r#"{ echo $$ >"$0"; } 2>/dev/null; exec "$@""#;

/// Runs it, at most `within` if that says something; then its process group is killed. An error names the program and none of
/// its arguments: they may hold a password, and the error is shown on the console.
pub(crate) fn run(words: &[String], within: Option<Duration>) -> io::Result<()> {
    let program = words.first().map_or("", String::as_str);
    let command = within_group(words, Path::new(GROUP))?;
    let command = match within {
        Some(within) => command.within(within),
        None => command.however_long(),
    };
    command
        .run_shown()
        .map_err(|error| without_arguments(program, error))
}

fn without_arguments(program: &str, error: CommandError) -> io::Error {
    match error {
        CommandError::Start { source, .. } => {
            io::Error::new(source.kind(), format!("{program}: {source}"))
        }
        CommandError::TooLong { within, .. } => io::Error::other(format!(
            "`{program}` did not end within {:.0} s and was killed",
            within.as_secs_f64().ceil()
        )),
        CommandError::Failed { status, .. } => {
            io::Error::other(format!("`{program}` ended with {status}"))
        }
    }
}

fn within_group(words: &[String], group: &Path) -> io::Result<Command> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| io::Error::other("no program named"))?;
    let path = std::env::var_os("PATH");
    Ok(with_users_programs(
        grouped(program, arguments, words, group),
        path.as_deref(),
    ))
}

/// The user's commands find the user's programs, too. A `PATH` that the configuration says stands.
fn with_users_programs(command: Command, path: Option<&OsStr>) -> Command {
    if path != Some(OsStr::new(SYSTEM_PROGRAMS)) {
        return command;
    }
    command.env("PATH", format!("{USER_PROGRAMS}:{SYSTEM_PROGRAMS}"))
}

fn grouped(program: &str, arguments: &[String], words: &[String], group: &Path) -> Command {
    // Without PID 1's control groups (a workstation) there is nothing to be apart from.
    let grouped = group.parent().is_some_and(Path::exists) && fs::create_dir_all(group).is_ok();
    if !grouped {
        return Command::new(program).args(arguments);
    }
    let enter = Command::new("/bin/bash").arg("-c").arg(ENTER);
    enter.arg(group.join("cgroup.procs")).args(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    fn by_shell(line: &str) -> Vec<String> {
        ["/bin/bash", "-c", line].map(str::to_owned).to_vec()
    }

    #[test]
    fn commands_end_as_they_should() {
        let second = Duration::from_secs(1);
        let missing = vec!["/no/such/program".to_owned()];
        let cases: [(&str, Vec<String>, Duration, Option<&str>); 5] = [
            ("good", by_shell("true"), second * 9, None),
            (
                "something in the background",
                by_shell("sleep 20 &"),
                second * 9,
                None,
            ),
            (
                "bad",
                by_shell("exit 3"),
                second * 9,
                Some("ended with exit status: 3"),
            ),
            (
                "hangs",
                by_shell("sleep 20"),
                second / 10,
                Some("did not end within 1 s and was killed"),
            ),
            (
                "missing",
                missing,
                second * 9,
                Some("/no/such/program: No such file"),
            ),
        ];
        for (case, words, within, expected) in cases {
            let began = Instant::now();
            let done = run(&words, Some(within)).map_err(|error| error.to_string());
            match (&done, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(expected)) if error.contains(expected) => {}
                _ => panic!("{case}: {done:?}"),
            }
            assert!(began.elapsed() < second * 9, "{case}: waited for too long");
        }
    }

    #[test]
    fn an_error_does_not_tell_the_arguments() {
        let argv = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        let long = Duration::from_secs(9);
        let cases: [(&str, Vec<String>, Duration, &str); 4] = [
            (
                "a line",
                by_shell("false me:secret"),
                long,
                "`/bin/bash` ended",
            ),
            ("words", argv(["false", "me:secret"]), long, "`false` ended"),
            (
                "too slow",
                by_shell("sleep 20 # me:secret"),
                Duration::ZERO,
                "`/bin/bash` did not end",
            ),
            ("missing", argv(["/no/such", "me:secret"]), long, "/no/such"),
        ];
        for (case, words, within, expected) in cases {
            let error = run(&words, Some(within)).expect_err(case).to_string();
            assert!(error.starts_with(expected), "{case}: {error}");
            assert!(!error.contains("secret"), "{case}: {error}");
        }
    }

    #[test]
    fn one_that_ignores_being_asked_is_killed() {
        let folder = tempfile::tempdir().expect("folder");
        let pid = folder.path().join("pid");
        let line = format!(
            "trap '' TERM; echo $$ >{}; while sleep 0.1; do :; done",
            pid.display()
        );
        let error = run(&by_shell(&line), Some(Duration::from_secs(1))).expect_err("it hangs");
        assert!(error.to_string().contains("was killed"), "{error}");
        let pid = fs::read_to_string(&pid).expect("it had begun");
        let runs = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
            stat.is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
        };
        // It has the signal; on a busy host it dies of it a moment later.
        let began = Instant::now();
        while runs() {
            assert!(began.elapsed() < Duration::from_secs(60), "it goes on");
            thread::yield_now();
        }
    }

    #[test]
    fn a_command_enters_the_group_before_it_begins() {
        let folder = tempfile::tempdir().expect("folder");
        let group = folder.path().join("system/user-commands");
        fs::create_dir_all(folder.path().join("system")).expect("as PID 1 does");
        let line = format!("test \"$(cat {}/cgroup.procs)\" = $$", group.display());
        let command = within_group(&by_shell(&line), &group).expect("words");
        command.run_shown().expect("it is in the group");
    }
}
