//! The machine's table, state by state.

use super::{Action, Event, Machine, State};
use init_api::{Exit, Millis, ReadyWhen, Restart, Service, ServiceName};

fn name() -> ServiceName {
    ServiceName::new("x").expect("name")
}

fn daemon() -> Service {
    Service::daemon(name(), ["/x"]).ready(ReadyWhen::PathExists { path: "/p".into() })
}

fn at(state: State) -> Machine {
    Machine {
        state,
        ..Machine::new(Millis(0))
    }
}

const RUNNING: State = State::Starting { since: Millis(0) };
const READY: State = State::Ready { since: Millis(0) };
const PAUSE: State = State::Pausing { until: Millis(500) };
const NOW: Millis = Millis(1000);

fn stopping(kill_at: Option<u64>, again: bool) -> State {
    State::Stopping {
        kill_at: kill_at.map(Millis),
        again,
    }
}

/// Every state with every event of a daemon that has a sign of readiness.
#[test]
fn the_whole_table() {
    let ended = Event::Ended(Exit::Code(0));
    let pausing = State::Pausing {
        until: Millis(1250),
    };
    let late = stopping(Some(900), false);
    let table = [
        (
            State::Waiting,
            [
                (Event::Free, State::Starting { since: NOW }, Action::Spawn),
                (Event::LooksReady, State::Waiting, Action::None),
                (ended, State::Waiting, Action::None),
                (Event::Tick, State::Waiting, Action::None),
                (Event::Start, State::Waiting, Action::None),
                (Event::Stop, State::Stopped, Action::None),
                (Event::Restart, State::Waiting, Action::None),
            ],
        ),
        (
            RUNNING,
            [
                (Event::Free, RUNNING, Action::None),
                (Event::LooksReady, READY, Action::None),
                (ended, pausing, Action::None),
                (Event::Tick, RUNNING, Action::None),
                (Event::Start, RUNNING, Action::None),
                (
                    Event::Stop,
                    stopping(Some(11_000), false),
                    Action::Terminate,
                ),
                (
                    Event::Restart,
                    stopping(Some(11_000), true),
                    Action::Terminate,
                ),
            ],
        ),
        (
            READY,
            [
                (Event::Free, READY, Action::None),
                (Event::LooksReady, READY, Action::None),
                (ended, pausing, Action::None),
                (Event::Tick, READY, Action::None),
                (Event::Start, READY, Action::None),
                (
                    Event::Stop,
                    stopping(Some(11_000), false),
                    Action::Terminate,
                ),
                (
                    Event::Restart,
                    stopping(Some(11_000), true),
                    Action::Terminate,
                ),
            ],
        ),
        (
            State::Completed,
            [
                (Event::Free, State::Completed, Action::None),
                (Event::LooksReady, State::Completed, Action::None),
                (ended, State::Completed, Action::None),
                (Event::Tick, State::Completed, Action::None),
                (Event::Start, State::Waiting, Action::None),
                (Event::Stop, State::Stopped, Action::None),
                (Event::Restart, State::Waiting, Action::None),
            ],
        ),
        (
            PAUSE,
            [
                (Event::Free, PAUSE, Action::None),
                (Event::LooksReady, PAUSE, Action::None),
                (ended, PAUSE, Action::None),
                (Event::Tick, State::Waiting, Action::None),
                (Event::Start, State::Waiting, Action::None),
                (Event::Stop, State::Stopped, Action::None),
                (Event::Restart, State::Waiting, Action::None),
            ],
        ),
        (
            late,
            [
                (Event::Free, late, Action::None),
                (Event::LooksReady, late, Action::None),
                (ended, State::Stopped, Action::None),
                (Event::Tick, stopping(None, false), Action::Kill),
                (Event::Start, stopping(Some(900), true), Action::None),
                (Event::Stop, late, Action::None),
                (Event::Restart, stopping(Some(900), true), Action::None),
            ],
        ),
        (
            State::Stopped,
            [
                (Event::Free, State::Stopped, Action::None),
                (Event::LooksReady, State::Stopped, Action::None),
                (ended, State::Stopped, Action::None),
                (Event::Tick, State::Stopped, Action::None),
                (Event::Start, State::Waiting, Action::None),
                (Event::Stop, State::Stopped, Action::None),
                (Event::Restart, State::Waiting, Action::None),
            ],
        ),
        (
            State::Failed,
            [
                (Event::Free, State::Failed, Action::None),
                (Event::LooksReady, State::Failed, Action::None),
                (ended, State::Failed, Action::None),
                (Event::Tick, State::Failed, Action::None),
                (Event::Start, State::Waiting, Action::None),
                (Event::Stop, State::Stopped, Action::None),
                (Event::Restart, State::Waiting, Action::None),
            ],
        ),
    ];
    for (from, rows) in table {
        for (event, to, action) in rows {
            let (machine, did) = at(from).next(event, &daemon(), NOW);
            assert_eq!((machine.state, did), (to, action), "{from:?} {event:?}");
        }
    }
}

#[test]
fn nothing_happens_before_its_time() {
    for state in [
        State::Pausing {
            until: Millis(1001),
        },
        stopping(Some(1001), true),
        stopping(None, false),
    ] {
        assert_eq!(
            at(state).next(Event::Tick, &daemon(), NOW),
            (at(state), Action::None),
            "{state:?}"
        );
    }
    assert_eq!(
        at(stopping(None, true))
            .next(Event::Ended(Exit::Signal(9)), &daemon(), NOW)
            .0
            .state,
        State::Waiting
    );
}

#[test]
fn ends_by_kind_and_policy() {
    let never = Restart::never();
    let on_failure = Restart::on_failure();
    let bad = Exit::Code(1);
    let good = Exit::Code(0);
    let pause = State::Pausing {
        until: Millis(1250),
    };
    let shot = |restart| Service {
        restart,
        ..Service::one_shot(name(), ["/x"])
    };
    let stay = |restart| Service {
        restart,
        ..daemon()
    };
    for (case, service, exit, expected) in [
        (
            "one-shot did it",
            shot(Restart::default()),
            good,
            State::Completed,
        ),
        ("one-shot failed", shot(Restart::default()), bad, pause),
        ("one-shot failed for good", shot(never), bad, State::Failed),
        (
            "daemon ended well, on failure only",
            stay(on_failure),
            good,
            State::Completed,
        ),
        (
            "daemon failed, on failure only",
            stay(on_failure),
            bad,
            pause,
        ),
        (
            "daemon failed, never again",
            stay(never),
            bad,
            State::Failed,
        ),
        (
            "daemon's program is missing",
            stay(Restart::default()),
            Exit::NotStarted(2),
            pause,
        ),
    ] {
        let (machine, _) = at(RUNNING).next(Event::Ended(exit), &service, NOW);
        assert_eq!(
            (machine.state, machine.last_exit),
            (expected, Some(exit)),
            "{case}"
        );
    }
}

#[test]
fn pauses_double_up_to_the_longest_and_fall_back_after_a_stable_run() {
    let service = daemon();
    let mut machine = Machine::new(Millis(0));
    let mut now = Millis(0);
    let mut pauses = Vec::new();
    for run in [0, 0, 0, 0, 0, 0, 0, 0, 60_000, 0] {
        machine = machine.next(Event::Free, &service, now).0;
        now = now.plus(Millis(run));
        machine = machine.next(Event::Ended(Exit::Code(1)), &service, now).0;
        let until = machine.deadline().expect("pausing");
        pauses.push(until.since(now).0);
        now = until;
        machine = machine.next(Event::Tick, &service, now).0;
    }
    assert_eq!(
        pauses,
        [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 250, 500]
    );
    assert_eq!(machine.starts, 10);
}

#[test]
fn a_daemon_without_a_sign_is_ready_at_once_and_a_one_shot_never() {
    let plain = Service::daemon(name(), ["/x"]);
    assert!(
        Machine::new(NOW)
            .next(Event::Free, &plain, NOW)
            .0
            .is_ready()
    );
    let shot = Service::one_shot(name(), ["/x"]);
    assert!(!Machine::new(NOW).next(Event::Free, &shot, NOW).0.is_ready());
}
