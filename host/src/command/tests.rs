use super::{Command, CommandError};
use std::io;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(9);

fn shell(line: &str) -> Command {
    Command::new("/bin/bash").args(["-c", line]).within(LONG)
}

#[test]
fn how_commands_end() {
    let cases: [(&str, Command, Result<&str, &str>); 8] = [
        ("good", shell("echo fine"), Ok("fine\n")),
        ("reads", shell("cat").input("given"), Ok("given")),
        ("has nothing to read", shell("cat"), Ok("")),
        (
            "its environment",
            shell("echo $WORD").env("WORD", "w"),
            Ok("w\n"),
        ),
        (
            "bad",
            shell("echo out; echo no room >&2; exit 3"),
            Err(
                "`/bin/bash -c echo out; echo no room >&2; exit 3` ended with exit status: 3: no room",
            ),
        ),
        (
            "bad, with output alone",
            shell("echo why; exit 1"),
            Err("`/bin/bash -c echo why; exit 1` ended with exit status: 1: why"),
        ),
        (
            "bad, without a word",
            shell("exit 1"),
            Err("`/bin/bash -c exit 1` ended with exit status: 1"),
        ),
        (
            "missing",
            Command::new("/no/such/program").arg("x"),
            Err("`/no/such/program x` could not be started"),
        ),
    ];
    for (case, command, expected) in cases {
        let done = command.run();
        let done = done.map(|output| output.text());
        let done = done.map_err(|error| error.to_string());
        assert_eq!(done.as_deref().map_err(String::as_str), expected, "{case}");
    }
}

#[test]
fn a_missing_program_is_not_found() {
    let error = Command::new("/no/such/program").run().expect_err("missing");
    assert!(
        matches!(&error, CommandError::Start { source, .. } if source.kind() == io::ErrorKind::NotFound),
        "{error:?}"
    );
}

#[test]
fn more_than_pipes_hold_goes_both_ways() {
    let much = vec![b'x'; 3 << 20];
    let output = shell("tee /dev/stderr").input(much.clone()).run();
    let output = output.expect("it reads and writes at once");
    assert_eq!(
        (output.stdout.len(), output.stderr.len()),
        (much.len(), much.len())
    );
    // Nobody reads the rest: no error, and no hang.
    let output = shell("head -c 3")
        .input(much)
        .run()
        .expect("it read enough");
    assert_eq!(output.text(), "xxx");
}

#[test]
fn one_that_hangs_is_killed_with_its_children_even_if_it_does_not_listen() {
    let folder = tempfile::tempdir().expect("folder");
    let (begun, pid) = (folder.path().join("begun"), folder.path().join("pid"));
    let line = format!(
        "trap '' TERM; (trap '' TERM; exec sleep 600) & echo $! >{}; touch {}; wait; sleep 600",
        pid.display(),
        begun.display()
    );
    let error = shell(&line).within(Duration::from_secs(2)).run();
    let error = error.expect_err("it hangs").to_string();
    assert!(
        error.ends_with("did not end within 2 s and was killed"),
        "{error}"
    );
    assert!(begun.exists(), "it had begun");
    let child = std::fs::read_to_string(pid).expect("written");
    // The signal is sent when `run` returns; a busy host delivers it a little later.
    let until = Instant::now() + LONG;
    while runs(child.trim()) {
        assert!(Instant::now() < until, "its child goes on");
        std::thread::yield_now();
    }
}

/// Whether a process runs: a zombie does not, it only waits for whoever reaps it.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

#[test]
fn what_it_leaves_in_the_background_is_not_waited_for() {
    let began = Instant::now();
    let output = shell("echo said; sleep 20 & exit 0").run().expect("good");
    assert_eq!(output.text(), "said\n");
    shell("sleep 20 & exit 0").run_shown().expect("good");
    assert!(began.elapsed() < LONG, "waited for too long");
}

#[test]
fn who_knows_more_ends_than_one() {
    let output = shell("echo mended; exit 1").run_to_any_end();
    let output = output.expect("it ran");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.said(), "mended");
}

#[test]
fn much_is_read_and_written_while_it_runs() {
    const MUCH: usize = 3 << 20;
    let (count, output) = shell(&format!("head -c {MUCH} /dev/zero; echo why >&2; exit 3"))
        .read_by(|output| io::copy(output, &mut io::sink()))
        .expect("it ran");
    assert_eq!(count.expect("read"), MUCH as u64);
    assert_eq!(
        (output.status.code(), output.said().as_str()),
        (Some(3), "why")
    );
    let (written, output) = shell("wc -c")
        .fed_by(|input| input.write_all(&vec![0; MUCH]))
        .expect("it ran");
    written.expect("all of it");
    assert_eq!(output.text().trim(), MUCH.to_string());
}

#[test]
fn one_that_stops_reading_says_why_itself() {
    let (written, output) = shell("echo no room >&2; exit 1")
        .fed_by(|input| input.write_all(&vec![0; 3 << 20]))
        .expect("it ran");
    assert!(written.is_err(), "a pipe takes less");
    assert_eq!(output.said(), "no room");
}

#[test]
fn one_that_is_read_is_ended_in_time_too() {
    let hangs = shell("sleep 60").within(Duration::from_millis(50));
    let error = hangs.read_by(|output| io::copy(output, &mut io::sink()).ok());
    let error = error.expect_err("too long");
    assert!(matches!(error, CommandError::TooLong { .. }), "{error}");
}

#[test]
fn it_runs_where_it_is_told_to() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path().canonicalize().expect("there");
    let here = shell("pwd; [ $(ps -o pgid= $$) = $$ ] && echo alone || echo with us");
    let output = here.in_folder(&folder).as_long_as_we_run().run();
    let text = output.expect("good").text();
    assert_eq!(text, format!("{}\nwith us\n", folder.display()));
}
